/// How often a run looks for a segment: a search that finds none looks through all that remains.
struct SegmentSearch {
    private static let patience = 64
    private var failures = 0
    private var pause = 0

    /// After many searches in vain, each is followed by a pause twice as long.
    mutating func isDue() -> Bool {
        guard pause > 0 else { return true }
        pause -= 1
        return false
    }

    mutating func note(_ segment: Segment?) -> Segment? {
        failures = segment == nil ? failures + 1 : 0
        if failures > Self.patience { pause = 1 << min(failures - Self.patience, 16) }
        return segment
    }
}

extension [Int] {
    /// The index of a number of a list in order.
    func binarySearch(_ number: Int) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == number ? low : nil
    }
}
