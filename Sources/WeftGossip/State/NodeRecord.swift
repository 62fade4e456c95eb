import WeftTypes

/// What a node says about itself.
///
///     | flags (1) | VTEP port (2) | n (1) | n × VTEP address: family (1), 4 or 16 bytes |
///     | n (1) | n × gossip address: family (1), 4 or 16 bytes, port (2) | features (8) | length (1), name | optional fields |
///
/// Flags: 1 settled.
public struct NodeRecord: RecordContent {
    /// What the operator calls it; only a label, two nodes may share it. At most 255 bytes of UTF-8 travel.
    public var name: String
    /// The underlay addresses its tunnels end at, the preferred one first; at most 8.
    public var vtepAddresses: [IPAddress]
    /// The UDP port its tunnels end at.
    public var udpPort: UInt16
    /// Where its gossip is heard; at most 8.
    public var gossipAddresses: [GossipAddress]
    /// What its agent can do, one bit each.
    public var features: UInt64
    /// The node has published all it has since its start: who knows every version up to this record's may forget what only an
    /// earlier start of it said. A node sets it last, when its other records are out.
    public var isSettled: Bool
    public var optionalFields: OptionalFields

    /// The most addresses of a kind.
    public static var maximumAddressCount: Int { 8 }

    /// Creates a record; addresses beyond ``maximumAddressCount`` are left out when it is written.
    public init(
        name: String, vtepAddresses: [IPAddress], udpPort: UInt16 = VTEP.defaultUDPPort,
        gossipAddresses: [GossipAddress] = [], features: UInt64 = 0, isSettled: Bool = false,
        optionalFields: OptionalFields = OptionalFields()
    ) {
        self.name = name
        self.vtepAddresses = vtepAddresses
        self.udpPort = udpPort
        self.gossipAddresses = gossipAddresses
        self.features = features
        self.isSettled = isSettled
        self.optionalFields = optionalFields
    }

    /// The end points of its tunnels, the preferred one first.
    public var vteps: [VTEP] { vtepAddresses.map { VTEP(address: $0, udpPort: udpPort) } }

    public init(_ value: RecordValue) throws(GossipFormatError) {
        var reader = ByteReader(value.bytes)
        let (flags, udpPort, addresses) = try Self.front(&reader)
        isSettled = flags & 1 != 0
        self.udpPort = udpPort
        vtepAddresses = addresses
        let count = Int(try reader.integer(UInt8.self))
        guard count <= Self.maximumAddressCount else { throw .badValue }
        gossipAddresses = []
        for _ in 0..<count {
            gossipAddresses.append(GossipAddress(address: try reader.ipAddress(), udpPort: try reader.integer()))
        }
        features = try reader.integer()
        let length: UInt8 = try reader.integer()
        name = String(decoding: try reader.array(Int(length)), as: UTF8.self)
        optionalFields = try OptionalFields(parsing: &reader)
    }

    public func emit(into bytes: inout [UInt8]) {
        bytes.append(isSettled ? 1 : 0)
        bytes.append(bigEndian: udpPort)
        bytes.append(UInt8(min(vtepAddresses.count, Self.maximumAddressCount)))
        for address in vtepAddresses.prefix(Self.maximumAddressCount) { bytes.append(address) }
        bytes.append(UInt8(min(gossipAddresses.count, Self.maximumAddressCount)))
        for address in gossipAddresses.prefix(Self.maximumAddressCount) {
            bytes.append(address.address)
            bytes.append(bigEndian: address.udpPort)
        }
        bytes.append(bigEndian: features)
        var label = name
        while label.utf8.count > 255 { label.removeLast() }
        bytes.append(UInt8(label.utf8.count))
        bytes += label.utf8
        optionalFields.emit(into: &bytes)
    }

    private static func front(
        _ reader: inout ByteReader
    ) throws(GossipFormatError) -> (flags: UInt8, udpPort: UInt16, addresses: [IPAddress]) {
        let flags: UInt8 = try reader.integer()
        let udpPort: UInt16 = try reader.integer()
        let count = Int(try reader.integer(UInt8.self))
        guard count <= maximumAddressCount else { throw .badValue }
        var addresses: [IPAddress] = []
        for _ in 0..<count { addresses.append(try reader.ipAddress()) }
        return (flags, udpPort, addresses)
    }

    /// Where the gossip of an encoded node record's node is heard, without reading the rest; none if it can't be read.
    static func gossipAddresses(of value: RecordValue) -> [GossipAddress] {
        var reader = ByteReader(value.bytes)
        guard (try? front(&reader)) != nil, let count = try? reader.integer(UInt8.self), count <= maximumAddressCount else {
            return []
        }
        var addresses: [GossipAddress] = []
        for _ in 0..<count {
            guard let address = try? reader.ipAddress(), let udpPort = try? reader.integer(UInt16.self) else { return [] }
            addresses.append(GossipAddress(address: address, udpPort: udpPort))
        }
        return addresses
    }

    /// Whether an encoded node record declares its node settled, without reading the rest.
    static func isSettled(_ value: RecordValue) -> Bool { (value.bytes.first ?? 0) & 1 != 0 }

    /// The tunnel end points of an encoded node record, without reading the rest; none if it can't be read.
    static func vteps(of value: RecordValue) -> [VTEP] {
        var reader = ByteReader(value.bytes)
        guard let (_, udpPort, addresses) = try? front(&reader) else { return [] }
        return addresses.map { VTEP(address: $0, udpPort: udpPort) }
    }
}
