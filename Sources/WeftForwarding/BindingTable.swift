import WeftTypes

/// The station that has an IP address, as a question for it is answered.
@frozen public struct Binding: Hashable, Sendable, CustomStringConvertible {
    /// The station's address.
    public let mac: MACAddress
    /// Whether it is a router, which a neighbour advertisement says of itself (RFC 4861 §4.4).
    public let isRouter: Bool

    /// Creates a binding.
    @inlinable public init(mac: MACAddress, isRouter: Bool = false) {
        self.mac = mac
        self.isRouter = isRouter
    }

    public var description: String { isRouter ? "\(mac) (router)" : "\(mac)" }
}

/// An IP address of a segment.
@frozen public struct BindingKey: Hashable, Sendable, Comparable {
    // Words and not an `IPAddress`: of these there are many, and they are compared per question.
    @usableFromInline let high: UInt64
    @usableFromInline let low: UInt64
    /// 4 or 6, and the segment above; 0 only in a free slot.
    @usableFromInline let tag: UInt32

    /// Names `address` in `segment`.
    public init(_ segment: SegmentIndex, _ address: IPAddress) {
        switch address {
        case .v4(let address):
            (high, low) = (0, UInt64(address.rawValue))
            tag = UInt32(segment.rawValue) << 8 | 4
        case .v6(let address):
            (high, low) = (UInt64(truncatingIfNeeded: address.rawValue >> 64), UInt64(truncatingIfNeeded: address.rawValue))
            tag = UInt32(segment.rawValue) << 8 | 6
        }
    }

    init() { (high, low, tag) = (0, 0, 0) }

    /// The segment.
    public var segment: SegmentIndex { SegmentIndex(UInt16(truncatingIfNeeded: tag >> 8)) }
    /// The address.
    public var address: IPAddress {
        tag & 0xFF == 4
            ? .v4(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))
            : .v6(IPv6Address(rawValue: UInt128(high) << 64 | UInt128(low)))
    }

    var hash: UInt64 { mixedBits(low ^ mixedBits(high ^ UInt64(tag) << 32)) }

    /// By segment, IPv4 before IPv6, then by number.
    public static func < (left: Self, right: Self) -> Bool {
        (left.tag, left.high, left.low) < (right.tag, right.high, right.low)
    }
}

/// Which station has an IP address, for addresses of *other* hosts' stations only: what proxy ARP and ND answer from (E8).
///
/// A value that is cheap to copy and to change at any size (``ShardedTable``): an entry takes 32 bytes and its share of free slots.
public struct BindingTable: Sendable {
    struct Slot: TableSlot {
        var key = BindingKey()
        /// The MAC in the low 48 bits, the router flag above.
        var bits: UInt64 = 0

        init() {}

        init(_ key: BindingKey, _ binding: Binding) {
            self.key = key
            bits = binding.mac.rawValue | (binding.isRouter ? 1 << 48 : 0)
        }

        var isFree: Bool { key.tag == 0 }
        var binding: Binding { Binding(mac: MACAddress(rawValue: bits), isRouter: bits & 1 << 48 != 0) }
        static func hash(of key: BindingKey) -> UInt64 { key.hash }
    }

    private var table = ShardedTable<Slot>()

    /// Creates an empty table.
    public init() {}

    /// The number of bindings.
    public var count: Int { table.count }

    /// Who has an address.
    public func binding(for key: BindingKey) -> Binding? { table.slot(for: key)?.binding }

    /// Adds or replaces a binding, or, with nil, removes it.
    public mutating func set(_ binding: Binding?, for key: BindingKey) {
        if let binding { table.set(Slot(key, binding)) } else { table.remove(key) }
    }

    /// Removes what belongs to segments that `isPresent` denies.
    public mutating func forget(except isPresent: (SegmentIndex) -> Bool) {
        table.removeAll { !isPresent($0.key.segment) }
    }
}
