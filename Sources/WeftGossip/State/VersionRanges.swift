/// Versions that are known ahead of a gap, as disjoint ranges in order.
///
/// There are few: a gap is closed within a round trip or two. Beyond ``capacity`` the highest are forgotten, which costs
/// nothing but that they are asked for again.
struct VersionRanges: Hashable {
    private(set) var ranges: [ClosedRange<UInt64>] = []

    static var capacity: Int { 64 }

    var isEmpty: Bool { ranges.isEmpty }

    mutating func insert(_ range: ClosedRange<UInt64>) {
        var (low, high) = (range.lowerBound, range.upperBound)
        // The first range that ends at or beyond the version before ours touches it, if any does.
        let first = ranges.firstIndex { $0.upperBound >= low &- 1 } ?? ranges.count
        var end = first
        while end < ranges.count, ranges[end].lowerBound <= (high == .max ? high : high + 1) {
            low = min(low, ranges[end].lowerBound)
            high = max(high, ranges[end].upperBound)
            end += 1
        }
        ranges.replaceSubrange(first..<end, with: CollectionOfOne(low...high))
        if ranges.count > Self.capacity { ranges.removeLast() }
    }

    /// The highest version up to which everything is known, given that everything up to `through` is; what that covers is dropped.
    mutating func advance(_ through: UInt64) -> UInt64 {
        var through = through
        var count = 0
        for range in ranges {
            guard range.lowerBound <= through &+ 1 else { break }
            through = max(through, range.upperBound)
            count += 1
        }
        if count > 0 { ranges.removeFirst(count) }
        return through
    }
}
