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
/// 1024 shards, chosen by hash, each an open-addressing table. A copy shares all shards; a change copies the one it
/// touches. So a new snapshot costs what changed, not what exists, and a lookup is one shard and one short probe at any
/// size.
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

    @usableFromInline static var shardCount: Int { 1024 }
    /// Each empty or a power of two of slots, at most three quarters used.
    @usableFromInline var shards: [[Slot]]
    @usableFromInline var used: [UInt32]
    /// The number of entries.
    public private(set) var count = 0

    /// Creates an empty table.
    public init() {
        shards = Array(repeating: [], count: Self.shardCount)
        used = Array(repeating: 0, count: Self.shardCount)
    }

    /// What is known about `key`.
    @inlinable public func entry(for key: FDBKey) -> FDBEntry? {
        let hash = key.hash
        let shard = Int(truncatingIfNeeded: hash >> 54)
        let mask = shards[shard].count &- 1
        guard mask >= 0 else { return nil }
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = shards[shard][index]
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
        let shard = Int(truncatingIfNeeded: key.hash >> 54)
        if shards[shard].isEmpty || Int(used[shard]) * 4 >= shards[shard].count * 3 { grow(shard) }
        let index = Self.place(of: key, in: shards[shard])
        if shards[shard][index].key == 0 {
            used[shard] += 1
            count += 1
        }
        shards[shard][index] = Slot(key: key.rawValue, bits: entry.bits)
    }

    /// Removes the entry of `key`, if there is one.
    public mutating func remove(_ key: FDBKey) {
        let shard = Int(truncatingIfNeeded: key.hash >> 54)
        guard !shards[shard].isEmpty else { return }
        var hole = Self.place(of: key, in: shards[shard])
        guard shards[shard][hole].key != 0 else { return }
        used[shard] -= 1
        count -= 1
        // Close the gap: move back what a probe would otherwise no longer reach (Knuth 6.4, algorithm R).
        let mask = shards[shard].count - 1
        var index = hole
        while true {
            index = (index + 1) & mask
            let slot = shards[shard][index]
            if slot.key == 0 { break }
            let home = Int(truncatingIfNeeded: FDBKey(rawValue: slot.key).hash) & mask
            if (index - home) & mask >= (index - hole) & mask {
                shards[shard][hole] = slot
                hole = index
            }
        }
        shards[shard][hole] = Slot(key: 0, bits: 0)
        if used[shard] == 0 { shards[shard] = [] }
    }

    private mutating func grow(_ shard: Int) {
        let old = shards[shard]
        var new = [Slot](repeating: Slot(key: 0, bits: 0), count: max(4, old.count * 2))
        for slot in old where slot.key != 0 { new[Self.place(of: FDBKey(rawValue: slot.key), in: new)] = slot }
        shards[shard] = new
    }

    /// Where `key` is, or the free slot where it would go; `slots` has at least one free.
    private static func place(of key: FDBKey, in slots: [Slot]) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: key.hash) & mask
        while slots[index].key != 0 && slots[index].key != key.rawValue { index = (index + 1) & mask }
        return index
    }
}
