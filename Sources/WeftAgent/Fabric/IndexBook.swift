/// Hands out small numbers for names: a name keeps its number for as long as it is in use, a number that nobody uses is
/// given again.
///
/// The packet path counts in rows of arrays; without this a reload of the topology would move every counter.
struct IndexBook<Name: Hashable & Comparable> {
    private var numbers: [Name: UInt16] = [:]

    /// Makes `names` the ones in use and returns each one's number; the order of numbers new names get is theirs.
    mutating func update(to names: [Name]) -> [Name: UInt16] {
        let wanted = Set(names)
        numbers = numbers.filter { wanted.contains($0.key) }
        var taken = Set(numbers.values)
        var next: UInt16 = 0
        for name in wanted.sorted() where numbers[name] == nil {
            while taken.contains(next) { next += 1 }
            numbers[name] = next
            taken.insert(next)
        }
        return numbers
    }

    /// The number of a name in use.
    subscript(name: Name) -> UInt16? { numbers[name] }
}
