extension Array {
    /// The first index at which `isBelow` is false, in an array where it is true for the front and false for the rest; ``count``
    /// if it is true for all.
    func partitionPoint(_ isBelow: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBelow(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
