import WeftTypes

/// All members by slot, by NodeID and in the order of NodeIDs; the node itself is slot 0.
///
/// A slot stays a member's until that is forgotten. Sums over the entries are kept as they change, so that two views are
/// compared by one number, then by 64.
struct MemberTable {
    private(set) var entries: [MemberEntry] = []
    /// The slots in the order of their NodeIDs.
    private(set) var order: [UInt32] = []
    /// Open addressing, linear: slot + 1, or 0.
    private var buckets: [UInt32] = Array(repeating: 0, count: 16)
    private(set) var sums: [UInt64] = Array(repeating: 0, count: MemberTable.sumCount)
    /// Over all members.
    private(set) var sum: UInt64 = 0
    /// Members that are alive or suspect, the node itself among them.
    private(set) var presentCount = 0

    static var sumCount: Int { 64 }
    static var ownSlot: Int { 0 }

    init(own: MemberEntry) { insert(own) }

    var count: Int { entries.count }
    /// Members that are dead or have left.
    var absentCount: Int { entries.count - presentCount }

    subscript(slot: Int) -> MemberEntry { entries[slot] }

    func slot(of id: NodeID) -> Int? {
        let mask = buckets.count - 1
        var place = Self.hash(id) & mask
        while buckets[place] != 0 {
            let slot = Int(buckets[place]) - 1
            if entries[slot].id == id { return slot }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Where in ``order`` the first NodeID that is not below `id` stands.
    func position(notBelow id: NodeID) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[Int(order[middle])].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds a member that isn't there and returns its slot.
    @discardableResult mutating func insert(_ entry: MemberEntry) -> Int {
        let slot = entries.count
        order.insert(UInt32(slot), at: position(notBelow: entry.id))
        entries.append(entry)
        if entries.count * 2 > buckets.count { grow() } else { place(slot) }
        count(entry, by: 1)
        return slot
    }

    /// Forgets the member in `slot` and gives its slot to another.
    mutating func replace(_ slot: Int, by entry: MemberEntry) {
        count(entries[slot], by: -1)
        order.remove(at: position(notBelow: entries[slot].id))
        entries[slot] = entry
        order.insert(UInt32(slot), at: position(notBelow: entry.id))
        buckets = Array(repeating: 0, count: buckets.count)
        for slot in entries.indices { place(slot) }
        count(entry, by: 1)
    }

    /// Makes the member in `slot` the node itself, and gives that one's slot to who was it.
    mutating func swapWithOwn(_ slot: Int) {
        guard slot != Self.ownSlot else { return }
        let places = [Self.ownSlot, slot].map { position(notBelow: entries[$0].id) }
        let mask = buckets.count - 1
        let hashed = [Self.ownSlot, slot].map { slot in
            var place = Self.hash(entries[slot].id) & mask
            while buckets[place] != UInt32(slot) + 1 { place = (place + 1) & mask }
            return place
        }
        order.swapAt(places[0], places[1])
        buckets.swapAt(hashed[0], hashed[1])
        entries.swapAt(Self.ownSlot, slot)
    }

    /// Changes what the sums depend on: incarnation, state, address.
    mutating func update(_ slot: Int, _ change: (inout MemberEntry) -> Void) {
        count(entries[slot], by: -1)
        change(&entries[slot])
        count(entries[slot], by: 1)
    }

    mutating func setTransmissionsLeft(_ count: Int, of slot: Int) { entries[slot].transmissionsLeft = count }
    mutating func setRoundTrip(_ duration: Duration, of slot: Int) { entries[slot].roundTrip = duration }

    private mutating func count(_ entry: MemberEntry, by sign: Int) {
        let fingerprint = sign > 0 ? entry.fingerprint : 0 &- entry.fingerprint
        sums[entry.bucket] &+= fingerprint
        sum &+= fingerprint
        if entry.state.isPresent { presentCount += sign }
    }

    private static func hash(_ id: NodeID) -> Int {
        let folded = UInt64(truncatingIfNeeded: id.rawValue >> 64) ^ UInt64(truncatingIfNeeded: id.rawValue)
        return Int(truncatingIfNeeded: (folded &* 0x9E37_79B9_7F4A_7C15) >> 20)
    }

    private mutating func place(_ slot: Int) {
        let mask = buckets.count - 1
        var place = Self.hash(entries[slot].id) & mask
        while buckets[place] != 0 { place = (place + 1) & mask }
        buckets[place] = UInt32(slot) + 1
    }

    private mutating func grow() {
        buckets = Array(repeating: 0, count: buckets.count * 2)
        for slot in entries.indices { place(slot) }
    }
}
