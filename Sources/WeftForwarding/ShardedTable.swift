/// One place of a ``ShardedTable``: a key with what belongs to it, or nothing.
protocol TableSlot: Sendable {
    associatedtype Key: Equatable, Sendable

    /// Makes a free one.
    init()
    /// Whether it holds nothing.
    var isFree: Bool { get }
    /// Its key; meaningless when it is free.
    var key: Key { get }
    /// All bits of a key mixed.
    static func hash(of key: Key) -> UInt64
}

/// A hash table that the packet path reads and the control side changes: a value that is cheap to copy and to change.
///
/// 4096 shards, chosen by hash, in 64 groups; each shard is an open-addressing table. A copy shares everything; a change
/// copies the list of groups, one group and one shard, some kilobytes even of a million entries. So a new snapshot costs what
/// changed, not what exists, and a lookup is one group, one shard and one short probe at any size.
struct ShardedTable<Slot: TableSlot>: Sendable {
    struct Shard: Sendable {
        /// Empty, or a power of two of slots, at most three quarters used.
        var slots: [Slot] = []
        var used = 0
    }

    private static var groupCount: Int { 64 }
    private static var shardCount: Int { 64 }
    private var groups: [[Shard]]
    /// The number of entries.
    private(set) var count = 0

    init() { groups = Array(repeating: Array(repeating: Shard(), count: Self.shardCount), count: Self.groupCount) }

    /// The high bits of a hash choose the group and the shard, the low ones the slot.
    private static func group(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 58) }
    private static func shard(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 52 & 63) }

    /// What is held for `key`.
    func slot(for key: Slot.Key) -> Slot? {
        let hash = Slot.hash(of: key)
        let (group, shard) = (Self.group(of: hash), Self.shard(of: hash))
        let mask = groups[group][shard].slots.count &- 1
        guard mask >= 0 else { return nil }
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = groups[group][shard].slots[index]
            if slot.isFree { return nil }
            if slot.key == key { return slot }
            index = (index &+ 1) & mask
        }
    }

    /// Adds or replaces; `slot` is not free.
    mutating func set(_ slot: Slot) {
        let hash = Slot.hash(of: slot.key)
        if groups[Self.group(of: hash)][Self.shard(of: hash)].set(slot, hash: hash) { count += 1 }
    }

    /// Removes what is held for `key`; whether there was something.
    @discardableResult
    mutating func remove(_ key: Slot.Key) -> Bool {
        guard slot(for: key) != nil else { return false }
        let hash = Slot.hash(of: key)
        groups[Self.group(of: hash)][Self.shard(of: hash)].remove(key, hash: hash)
        count -= 1
        return true
    }

    /// Removes all that `isGone` says.
    mutating func removeAll(where isGone: (Slot) -> Bool) {
        guard count > 0 else { return }
        var keys: [Slot.Key] = []
        for group in groups {
            for shard in group {
                for slot in shard.slots where !slot.isFree && isGone(slot) { keys.append(slot.key) }
            }
        }
        for key in keys { remove(key) }
    }
}

extension ShardedTable.Shard {
    /// Adds or replaces; whether the key is new.
    fileprivate mutating func set(_ slot: Slot, hash: UInt64) -> Bool {
        if used * 4 >= slots.count * 3 { grow() }
        let index = place(of: slot.key, hash: hash)
        let isNew = slots[index].isFree
        slots[index] = slot
        if isNew { used += 1 }
        return isNew
    }

    /// Removes a key that is there.
    fileprivate mutating func remove(_ key: Slot.Key, hash: UInt64) {
        var hole = place(of: key, hash: hash)
        used -= 1
        guard used > 0 else { return self = Self() }
        // Close the gap: move back what a probe would otherwise no longer reach (Knuth 6.4, algorithm R).
        let mask = slots.count - 1
        var index = hole
        while true {
            index = (index + 1) & mask
            let slot = slots[index]
            if slot.isFree { break }
            let home = Int(truncatingIfNeeded: Slot.hash(of: slot.key)) & mask
            if (index - home) & mask >= (index - hole) & mask {
                slots[hole] = slot
                hole = index
            }
        }
        slots[hole] = Slot()
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: max(4, old.count * 2))
        for slot in old where !slot.isFree { slots[place(of: slot.key, hash: Slot.hash(of: slot.key))] = slot }
    }

    /// Where `key` is, or the free slot where it would go; there are slots, and one of them is free.
    private func place(of key: Slot.Key, hash: UInt64) -> Int {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while !slots[index].isFree && slots[index].key != key { index = (index + 1) & mask }
        return index
    }
}

/// The finisher of SplitMix64.
func mixedBits(_ word: UInt64) -> UInt64 {
    var mixed = word
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
}
