import WeftTypes

/// What the FDB says about one MAC address of one segment.
@frozen public struct FDBEntry: Hashable, Sendable {
    /// Where frames to the address go.
    public let location: Location
    /// How that is known.
    public let source: EntrySource
    /// Whether the address never moves (E6).
    public let isSticky: Bool

    /// Creates an entry.
    @inlinable public init(location: Location, source: EntrySource, isSticky: Bool = false) {
        self.location = location
        self.source = source
        self.isSticky = isSticky
    }

    /// 17 bits of location, 3 of source, 1 of flag.
    @inlinable var bits: UInt64 {
        UInt64(location.bits) | UInt64(source.rawValue) << 17 | (isSticky ? 1 << 20 : 0)
    }

    @inlinable init(bits: UInt64) {
        self.location = Location(bits: UInt32(truncatingIfNeeded: bits))
        self.source = EntrySource(rawValue: UInt8(truncatingIfNeeded: bits >> 17 & 7)) ?? .frame
        self.isSticky = bits & 1 << 20 != 0
    }
}

/// How an entry of the FDB is known, strongest first.
@frozen public enum EntrySource: UInt8, CaseIterable, Hashable, Sendable, Comparable {
    /// A port of this host that the topology file declares.
    case declared
    /// A port of another host that the topology file declares, known without gossip.
    case `static`
    /// Announced by another agent.
    case gossip
    /// Learnt by the local bridge and told by netlink.
    case bridge
    /// Learnt from a frame's source address.
    case frame

    /// The word that `weft fdb` prints.
    public var name: String {
        switch self {
        case .declared: "declared"
        case .static: "static"
        case .gossip: "gossip"
        case .bridge: "bridge"
        case .frame: "frame"
        }
    }

    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A segment and a MAC address of it in one number; never zero, because no station's address is.
@frozen public struct FDBKey: Hashable, Sendable, Comparable {
    /// The segment in the high 16 bits, the address in the low 48.
    public let rawValue: UInt64

    /// Creates the key of `mac` in `segment`.
    @inlinable public init(_ segment: SegmentIndex, _ mac: MACAddress) {
        self.rawValue = UInt64(segment.rawValue) << 48 | mac.rawValue
    }

    /// Creates a key from its number.
    @inlinable init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The segment.
    @inlinable public var segment: SegmentIndex { SegmentIndex(UInt16(truncatingIfNeeded: rawValue >> 48)) }
    /// The address.
    @inlinable public var mac: MACAddress { MACAddress(rawValue: rawValue) }
    /// All bits mixed (the finisher of SplitMix64).
    @inlinable var hash: UInt64 {
        var mixed = rawValue
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The FDB that the packet path reads: (segment, MAC) → entry, a value that is cheap to copy and to change.
///
/// 4096 shards, chosen by hash, in 64 groups; each shard is an open-addressing table. A copy shares everything; a change
/// copies the list of groups, one group and one shard, some kilobytes even of a million entries. So a new snapshot costs what
/// changed, not what exists, and a lookup is one group, one shard and one short probe at any size.
public struct FDBTable: Sendable {
    @usableFromInline struct Slot: Sendable {
        /// ``FDBKey/rawValue``, or 0 for a free slot.
        @usableFromInline var key: UInt64
        @usableFromInline var bits: UInt64

        @inlinable init(key: UInt64, bits: UInt64) {
            self.key = key
            self.bits = bits
        }
    }

    @usableFromInline struct Shard: Sendable {
        /// Empty, or a power of two of slots, at most three quarters used.
        @usableFromInline var slots: [Slot] = []
        /// One less than the number of slots; beside the reference, so that a lookup need not touch the head of the array.
        @usableFromInline var mask: Int32 = -1
        @usableFromInline var used: UInt32 = 0

        @inlinable init() {}

        /// A slot; `index` is not above the mask, which is that of a shard with slots.
        @inlinable func slot(_ index: Int) -> Slot {
            // The mask is one less than the number of slots, whenever there are any.
            unsafe slots.span[unchecked: index]
        }
    }

    @usableFromInline static var groupCount: Int { 64 }
    @usableFromInline static var shardCount: Int { 64 }
    @usableFromInline var groups: [[Shard]]
    /// The number of entries.
    public private(set) var count = 0

    /// Creates an empty table.
    public init() {
        groups = Array(repeating: Array(repeating: Shard(), count: Self.shardCount), count: Self.groupCount)
    }

    /// The high bits of a hash choose the group and the shard, the low ones the slot.
    @inlinable static func group(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 58) }
    @inlinable static func shard(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 52 & 63) }

    /// What is known about `key`.
    @inlinable public func entry(for key: FDBKey) -> FDBEntry? {
        let hash = key.hash
        let (group, shard) = (Self.group(of: hash), Self.shard(of: hash))
        let mask = Int(groups[group][shard].mask)
        guard mask >= 0 else { return nil }
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = groups[group][shard].slot(index)
            if slot.key == key.rawValue { return FDBEntry(bits: slot.bits) }
            if slot.key == 0 { return nil }
            index = (index &+ 1) & mask
        }
    }

    /// Adds or replaces the entry of `key`.
    ///
    /// - Precondition: the key's address is not zero.
    public mutating func set(_ entry: FDBEntry, for key: FDBKey) {
        precondition(!key.mac.isZero, "the FDB holds no zero address")
        let (group, shard) = (Self.group(of: key.hash), Self.shard(of: key.hash))
        if groups[group][shard].set(Slot(key: key.rawValue, bits: entry.bits)) { count += 1 }
    }

    /// Removes the entry of `key`, if there is one.
    public mutating func remove(_ key: FDBKey) {
        let (group, shard) = (Self.group(of: key.hash), Self.shard(of: key.hash))
        guard groups[group][shard].place(of: key.rawValue).map({ groups[group][shard].slots[$0].key != 0 }) == true else {
            return
        }
        groups[group][shard].remove(key.rawValue)
        count -= 1
    }
}

extension FDBTable.Shard {
    /// Adds or replaces; whether the key is new.
    fileprivate mutating func set(_ slot: FDBTable.Slot) -> Bool {
        if Int(used) * 4 >= slots.count * 3 { grow() }
        guard let index = place(of: slot.key) else { return false }
        let isNew = slots[index].key == 0
        slots[index] = slot
        if isNew { used += 1 }
        return isNew
    }

    /// Removes a key that is there.
    fileprivate mutating func remove(_ key: UInt64) {
        guard var hole = place(of: key) else { return }
        used -= 1
        guard used > 0 else { return self = Self() }
        // Close the gap: move back what a probe would otherwise no longer reach (Knuth 6.4, algorithm R).
        let mask = slots.count - 1
        var index = hole
        while true {
            index = (index + 1) & mask
            let slot = slots[index]
            if slot.key == 0 { break }
            let home = Int(truncatingIfNeeded: FDBKey(rawValue: slot.key).hash) & mask
            if (index - home) & mask >= (index - hole) & mask {
                slots[hole] = slot
                hole = index
            }
        }
        slots[hole] = FDBTable.Slot(key: 0, bits: 0)
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: FDBTable.Slot(key: 0, bits: 0), count: max(4, old.count * 2))
        mask = Int32(slots.count - 1)
        for slot in old where slot.key != 0 {
            if let index = place(of: slot.key) { slots[index] = slot }
        }
    }

    /// Where `key` is, or the free slot where it would go; nil when there are no slots.
    fileprivate func place(of key: UInt64) -> Int? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: FDBKey(rawValue: key).hash) & mask
        while slots[index].key != 0 && slots[index].key != key { index = (index + 1) & mask }
        return index
    }
}
