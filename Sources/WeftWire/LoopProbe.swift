import WeftTypes

/// A frame that finds out whether two ports are on one wire, big-endian, behind an Ethernet header of ``etherType``.
///
///     |                     "WLOP" 0x574C4F50                     |
///     |  version 1    |     flags     |  VNI, 24 bits ...         |
///     |   ... VNI     |   reserved    |   reserved                |
///     |                 fabric, 8 bytes                           |
///     |                 run, 8 bytes                              |
///     |                 seal, 8 bytes                             |
///     | count of host | host …        | count of port | port …    |
///
/// Flag 1: the sender's port is blocked. What follows the port's name is padding. The seal, zero where the fabric has no key, is over
/// all bytes from the magic to the end of the port's name, with zeros in its own place. <doc:Storms> of `WeftForwarding` tells what
/// is made of it.
public struct LoopProbe: Hashable, Sendable {
    /// IEEE 802's type for experiments (IEEE 802 §9.2.3).
    public static var etherType: EtherType { EtherType(rawValue: 0x88B5) }
    /// The group that probes are sent to: locally administered, and none that a bridge keeps to itself.
    @inlinable public static var group: MACAddress { MACAddress(rawValue: 0x0357_4C4F_5001) }
    /// Bytes before the names.
    public static var fixedByteCount: Int { 36 }
    /// The longest name of a host or a port, in bytes.
    public static var nameLimit: Int { 80 }
    /// The longest probe.
    public static var byteCountLimit: Int { fixedByteCount + 2 * (1 + nameLimit) }
    /// The four bytes that every probe begins with.
    public static var magicNumber: UInt32 { 0x574C_4F50 }
    static var version: UInt8 { 1 }
    /// Where the seal is.
    public static var sealOffset: Int { 28 }

    /// Whether the sender's port is blocked.
    public var isBlocked: Bool
    /// The segment that the port is in.
    public var vni: VNI
    /// Which fabric the sender is of: a digest of its name.
    public var fabric: UInt64
    /// A number that the sender's agent chose as it started.
    public var run: UInt64
    /// The sender's host.
    public var host: String
    /// The sender's port.
    public var port: String

    /// Describes a probe.
    ///
    /// - Precondition: names are 1…``nameLimit`` bytes of `a-z`, `0-9`, `-` and `/`, as those of a topology are.
    public init(isBlocked: Bool, vni: VNI, fabric: UInt64, run: UInt64, host: String, port: String) {
        precondition(Self.isName(host.utf8) && Self.isName(port.utf8), "'\(host)' and '\(port)' are no names")
        (self.isBlocked, self.vni, self.fabric, self.run) = (isBlocked, vni, fabric, run)
        (self.host, self.port) = (host, port)
    }

    private static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        (1...nameLimit).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }

    /// Parses what follows the Ethernet header; reserved fields, padding and the seal are not looked at.
    ///
    /// - Throws: ``WireError`` `.truncated` when a part is missing, `.badFlags` for another magic or an unknown flag, `.badVersion`,
    ///   `.badLength` for a name that is empty, too long, or none.
    public init(parsing bytes: RawSpan) throws(WireError) {
        guard bytes.byteCount > Self.fixedByteCount else {
            throw .truncated(.loopProbe, needed: Self.fixedByteCount + 1, got: bytes.byteCount)
        }
        let flags: UInt8 = bytes.bigEndian(at: 5)
        guard bytes.bigEndian(at: 0) == Self.magicNumber, flags <= 1 else { throw .badFlags(.loopProbe, flags: flags) }
        let version: UInt8 = bytes.bigEndian(at: 4)
        guard version == Self.version else { throw .badVersion(.loopProbe, version: version) }
        isBlocked = flags == 1
        vni = VNI(headerWord: bytes.bigEndian(at: 6))
        fabric = bytes.bigEndian(at: 12)
        run = bytes.bigEndian(at: 20)
        var offset = Self.fixedByteCount
        host = try Self.name(in: bytes, at: &offset)
        port = try Self.name(in: bytes, at: &offset)
    }

    private static func name(in bytes: RawSpan, at offset: inout Int) throws(WireError) -> String {
        guard offset < bytes.byteCount else { throw .truncated(.loopProbe, needed: offset + 1, got: bytes.byteCount) }
        let count = Int(bytes.bigEndian(at: offset, as: UInt8.self))
        let end = offset + 1 + count
        guard end <= bytes.byteCount else { throw .truncated(.loopProbe, needed: end, got: bytes.byteCount) }
        let name = (offset + 1..<end).map { bytes.bigEndian(at: $0, as: UInt8.self) }
        guard isName(name) else { throw .badLength(.loopProbe, length: count) }
        offset = end
        return String(decoding: name, as: UTF8.self)
    }

    /// Encoded size in bytes, without padding.
    public var byteCount: Int { Self.fixedByteCount + 2 + host.utf8.count + port.utf8.count }

    /// The bytes that follow the Ethernet header, with zeros for a seal: what is sealed.
    public var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(byteCount)
        func put(_ value: UInt64, _ count: Int) {
            for shift in (0..<count).reversed() { out.append(UInt8(truncatingIfNeeded: value >> UInt64(shift * 8))) }
        }
        put(UInt64(Self.magicNumber), 4)
        put(UInt64(Self.version), 1)
        put(isBlocked ? 1 : 0, 1)
        put(UInt64(vni.rawValue) << 8, 4)
        put(0, 2)
        put(fabric, 8)
        put(run, 8)
        put(0, 8)
        for name in [host, port] {
            out.append(UInt8(name.utf8.count))
            out += name.utf8
        }
        return out
    }

    /// The seal of a probe that was parsed.
    public static func seal(of bytes: RawSpan) -> UInt64 {
        bytes.byteCount >= sealOffset + 8 ? bytes.bigEndian(at: sealOffset) : 0
    }

    /// The source address of a port's probes: `02:57:4c` and three bytes of a digest. Stations with such an address are no stations.
    public static func source(host: String, port: String) -> MACAddress {
        let digest = SHA256.digest(of: "weft loop probe \(host)/\(port)").prefix(3).reduce(0) { $0 << 8 | UInt64($1) }
        return MACAddress(rawValue: sourcePrefix << 24 | digest)
    }

    /// Whether an address is the source of somebody's probes.
    public static func isSource(_ address: MACAddress) -> Bool { address.rawValue >> 24 == sourcePrefix }

    private static var sourcePrefix: UInt64 { 0x02_574C }

    /// The number that stands for a fabric, by its name.
    public static func fabricNumber(_ name: String) -> UInt64 {
        SHA256.digest(of: "weft loop fabric \(name)").prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The whole frame, at least 60 bytes, as it is sent with the seal `seal` and, on a trunk, a tag.
    public func frame(seal: UInt64, tag: (type: EtherType, vlan: UInt16)?) -> [UInt8] {
        func big(_ value: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
        }
        var out = big(Self.group.rawValue, 6) + big(Self.source(host: host, port: port).rawValue, 6)
        if let tag { out += big(UInt64(tag.type.rawValue), 2) + big(UInt64(tag.vlan & 0xFFF), 2) }
        out += big(UInt64(Self.etherType.rawValue), 2)
        let start = out.count + Self.sealOffset
        out += bytes
        out.replaceSubrange(start..<start + 8, with: big(seal, 8))
        if out.count < 60 { out += [UInt8](repeating: 0, count: 60 - out.count) }
        return out
    }
}
