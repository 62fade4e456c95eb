import WeftTypes

/// A station behind a node; the key names VNI and MAC address (RFC 7432 §7.2 in other words).
///
///     | mobility sequence (4) | flags (1) | n (1) | n × IP address: family (1), 4 or 16 bytes | optional fields |
///
/// Flags: 1 sticky, 2 declared, 4 gateway. An optional field of type 0x82, one byte, says more: 1 router.
public struct EndpointRecord: RecordContent {
    /// How often the station moved between nodes (RFC 7432 §7.7, §15): the highest one wins.
    public var mobilitySequence: UInt32
    /// It never moves (RFC 7432 §15.2).
    public var isSticky: Bool
    /// The topology declares it; it was not learnt.
    public var isDeclared: Bool
    /// It is a gateway of the segment.
    public var isGateway: Bool
    /// The addresses it answers for; at most 32 travel.
    public var addresses: [IPAddress]
    public var optionalFields: OptionalFields

    /// The most addresses of a station.
    public static var maximumAddressCount: Int { 32 }

    /// Creates a record; addresses beyond ``maximumAddressCount`` are left out when it is written.
    public init(
        mobilitySequence: UInt32, isSticky: Bool = false, isDeclared: Bool = false, isGateway: Bool = false,
        addresses: [IPAddress] = [], optionalFields: OptionalFields = OptionalFields()
    ) {
        self.mobilitySequence = mobilitySequence
        self.isSticky = isSticky
        self.isDeclared = isDeclared
        self.isGateway = isGateway
        self.addresses = addresses
        self.optionalFields = optionalFields
    }

    /// The type of the field with more flags.
    static var moreFlagsType: UInt8 { OptionalFields.optionalBit | 2 }

    /// It says in neighbour advertisements that it is a router (RFC 4861 §4.4); whoever advertises it for it must say so too
    /// (§7.2.4).
    public var isRouter: Bool {
        get { (optionalFields.fields.first { $0.type == Self.moreFlagsType }?.bytes.first ?? 0) & 1 != 0 }
        set {
            guard newValue != isRouter else { return }
            if let index = optionalFields.fields.firstIndex(where: { $0.type == Self.moreFlagsType }),
                let flags = optionalFields.fields[index].bytes.first
            {
                optionalFields.fields[index].bytes[0] = flags & ~1 | (newValue ? 1 : 0)
            } else {
                optionalFields.fields.append(OptionalFields.Field(type: Self.moreFlagsType, bytes: [newValue ? 1 : 0]))
            }
        }
    }

    public init(_ value: RecordValue) throws(GossipFormatError) {
        var reader = ByteReader(value.bytes)
        mobilitySequence = try reader.integer()
        let flags: UInt8 = try reader.integer()
        (isSticky, isDeclared, isGateway) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
        let count = Int(try reader.integer(UInt8.self))
        guard count <= Self.maximumAddressCount else { throw .badValue }
        addresses = []
        for _ in 0..<count { addresses.append(try reader.ipAddress()) }
        optionalFields = try OptionalFields(parsing: &reader)
    }

    public func emit(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: mobilitySequence)
        bytes.append((isSticky ? 1 : 0) | (isDeclared ? 2 : 0) | (isGateway ? 4 : 0))
        bytes.append(UInt8(min(addresses.count, Self.maximumAddressCount)))
        for address in addresses.prefix(Self.maximumAddressCount) { bytes.append(address) }
        optionalFields.emit(into: &bytes)
    }
}
