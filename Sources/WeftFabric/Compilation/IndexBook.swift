/// Hands out small numbers for names: a name keeps its number for as long as it is in use, and a number that has come free is
/// given again as late as possible.
///
/// The packet path counts in rows of arrays; without this a reload of the topology would move every counter. And what was
/// learnt about a name that is gone is kept under its number until the packet path hears of that, so the number must not
/// have another meaning by then.
struct IndexBook<Name: Hashable & Comparable & Sendable>: Sendable {
    private var numbers: [Name: UInt16] = [:]
    private var next = 0

    /// Numbers go round in this many, as long as that leaves room for as many names to go as to come.
    private static var usualLimit: Int { 4096 }

    /// Makes `names` the ones in use and returns each one's number; the order of numbers new names get is theirs.
    mutating func update(to names: [Name]) -> [Name: UInt16] {
        let wanted = Set(names)
        var taken = Set(numbers.values.map(Int.init))
        let limit = taken.count + wanted.count <= Self.usualLimit ? Self.usualLimit : Int(UInt16.max) + 1
        precondition(taken.count + wanted.count <= limit, "\(taken.count) + \(wanted.count) names are too many to number")
        numbers = numbers.filter { wanted.contains($0.key) }
        for name in wanted.sorted() where numbers[name] == nil {
            while next >= limit || taken.contains(next) { next = next >= limit ? 0 : next + 1 }
            numbers[name] = UInt16(next)
            taken.insert(next)
        }
        return numbers
    }

    /// The number of a name in use.
    subscript(name: Name) -> UInt16? { numbers[name] }
}
