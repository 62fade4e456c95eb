/// Finds what was probably meant by a word that is not known.
package enum NearestName {
    /// The candidate that differs least from `text`, the first of equals; nil when none is near.
    ///
    /// Near is one edit for up to 5 characters, two for up to 9, three for longer ones. At most 2048 candidates are looked
    /// at, so a hostile file can't make this slow.
    package static func nearest(to text: String, in candidates: some Sequence<String>) -> String? {
        let word = Array(text.unicodeScalars.prefix(65))
        guard (1...64).contains(word.count) else { return nil }
        let limit = word.count <= 5 ? 1 : word.count <= 9 ? 2 : 3
        var best: (name: String, distance: Int)?
        for candidate in candidates.lazy.prefix(2048) {
            let other = Array(candidate.unicodeScalars)
            guard abs(other.count - word.count) <= limit else { continue }
            let distance = distance(word, other)
            if distance <= limit, distance < best?.distance ?? .max, distance < word.count { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other (optimal string
    /// alignment).
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for (row, scalar) in left.enumerated() {
            var current = [row + 1] + last.dropFirst()
            for (column, other) in right.enumerated() {
                let replaced = last[column] + (scalar == other ? 0 : 1)
                var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current[column + 1] = cost
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
