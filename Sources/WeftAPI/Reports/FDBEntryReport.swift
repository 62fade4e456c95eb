public import WeftTypes

/// Where one MAC address of a segment is, and how that is known.
public struct FDBEntryReport: Codable, Hashable, Sendable {
    /// How an entry came to be.
    public enum Source: String, Codable, Hashable, Sendable, CaseIterable {
        /// The topology file names the port's MAC.
        case declared
        /// The kernel's bridge saw the address.
        case bridge
        /// The data path saw a frame from it.
        case frame
        /// Another agent told it.
        case gossip
        /// Set by hand or by the file for a plain VTEP.
        case `static`
    }

    /// The segment's name in the topology.
    public var segment: String
    /// The segment's number.
    public var vni: VNI
    /// The station's address.
    public var mac: MACAddress
    /// Known addresses of the station.
    public var addresses: [IPAddress]
    /// The port, where it is known: always for a local entry.
    public var port: String?
    /// The host that has the station; nil for an end point that the topology does not name.
    public var host: String?
    /// The end point to send to; nil for a local entry.
    public var vtep: String?
    /// How the place is known.
    public var source: Source
    /// Time since the address was last seen; nil for what does not age.
    public var ageSeconds: Double?
    /// The mobility sequence.
    public var sequence: UInt32

    enum CodingKeys: String, CodingKey {
        case segment, vni, mac, addresses, `where`, port, host, vtep, source, sequence
        case ageSeconds = "age_seconds"
    }

    /// Creates a report; without a `vtep` it is of a local station.
    public init(
        segment: String, vni: VNI, mac: MACAddress, addresses: [IPAddress] = [], port: String? = nil,
        host: String?, vtep: VTEP? = nil, source: Source, ageSeconds: Double? = nil, sequence: UInt32 = 0
    ) {
        (self.segment, self.vni, self.mac, self.addresses) = (segment, vni, mac, addresses)
        (self.port, self.host, self.vtep) = (port, host, vtep?.description)
        (self.source, self.ageSeconds, self.sequence) = (source, ageSeconds, sequence)
    }

    /// The place in words: the port of a local entry, else the host and, where known, the port there.
    public var place: String {
        guard let vtep else { return port ?? host ?? "?" }
        let host = self.host ?? vtep
        return port.map { "\(host) (\($0))" } ?? host
    }

    /// Reads all but ``place``, which follows from the rest.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        segment = try container.decode(String.self, forKey: .segment)
        vni = try container.decode(VNI.self, forKey: .vni)
        mac = try container.decode(MACAddress.self, forKey: .mac)
        addresses = try container.decode([IPAddress].self, forKey: .addresses)
        port = try container.decodeIfPresent(String.self, forKey: .port)
        host = try container.decodeIfPresent(String.self, forKey: .host)
        vtep = try container.decodeIfPresent(String.self, forKey: .vtep)
        source = try container.decode(Source.self, forKey: .source)
        ageSeconds = try container.decodeIfPresent(Double.self, forKey: .ageSeconds)
        sequence = try container.decode(UInt32.self, forKey: .sequence)
    }

    /// Writes all keys, ``place`` as `where`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(segment, forKey: .segment)
        try container.encode(vni, forKey: .vni)
        try container.encode(mac, forKey: .mac)
        try container.encode(addresses, forKey: .addresses)
        try container.encode(place, forKey: .where)
        try container.encodeIfPresent(port, forKey: .port)
        try container.encodeIfPresent(host, forKey: .host)
        try container.encodeIfPresent(vtep, forKey: .vtep)
        try container.encode(source, forKey: .source)
        try container.encodeIfPresent(ageSeconds, forKey: .ageSeconds)
        try container.encode(sequence, forKey: .sequence)
    }
}
