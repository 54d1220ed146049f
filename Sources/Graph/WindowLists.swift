/// Reads the lists that describe windows; all must count the same spatial axes.
struct WindowLists {
    /// Of the lists read so far; nil before the first.
    package private(set) var axisCount: Int?

    /// Two sizes from 1; the one of a series is put behind a 1 for its only row.
    package mutating func take(
        _ name: String,
        from attributes: inout AttributeReader,
        most: Int = 1 << 20
    ) throws(ModelError) -> [Int]? {
        guard let values = try attributes.ints(name) else { return nil }
        guard accepts(values.count), values.allSatisfy({ $0 >= 1 && $0 <= most }) else {
            throw attributes.mismatch(name, "\(expected) from 1", .ints(values))
        }
        return values.count == 1 ? [1, values[0]] : values
    }

    /// Padding as [top, left, bottom, right]; a series' [begin, end] are its left and right.
    mutating func takePads(
        from attributes: inout AttributeReader
    ) throws(ModelError) -> [Int]? {
        guard let pads = try attributes.ints("pads") else { return nil }
        let isEven = pads.count % 2 == 0
        guard isEven, accepts(pads.count / 2), pads.allSatisfy({ $0 >= 0 && $0 <= 1 << 20 }) else {
            throw attributes.mismatch(
                "pads",
                "2 integers from 0 for a series, 4 for an image",
                .ints(pads)
            )
        }
        return pads.count == 2 ? [0, pads[0], 0, pads[1]] : pads
    }

    private mutating func accepts(_ count: Int) -> Bool {
        guard (1...2).contains(count), axisCount ?? count == count else { return false }
        axisCount = count
        return true
    }

    private var expected: String {
        switch axisCount {
        case 1: "one integer, as for a series,"
        case 2: "2 integers"
        default: "one integer for a series or two for an image,"
        }
    }
}
