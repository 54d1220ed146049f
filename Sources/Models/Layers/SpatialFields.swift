import Graph

/// Fields of layers whose kernels are not shared by all positions or all channels.
extension JSONFields {
    /// `tile`: t for both directions, or [t_rows, t_columns].
    mutating func tile() throws(ModelError) -> [Int]? {
        guard let value = value("tile") else { return nil }
        let numbers: [Int]
        switch value {
        case .number: numbers = value.integer.map { [$0, $0] } ?? []
        case .array(let values): numbers = values.compactMap(\.integer)
        default: numbers = []
        }
        guard numbers.count == 2, numbers.allSatisfy({ $0 >= 1 && $0 <= 1 << 20 }) else {
            throw mismatch("tile", "a number from 1, or two of them", value)
        }
        return numbers
    }

    /// `connections`: for each output channel the list of input channels it sees.
    mutating func connections() throws(ModelError) -> [[Int]]? {
        guard let value = value("connections") else { return nil }
        let expected =
            "for each output channel a list of input channels, increasing from 0, such as [[0, 1], [1, 2]]"
        guard case .array(let lists) = value, !lists.isEmpty else {
            throw mismatch("connections", expected, value)
        }
        var sets: [[Int]] = []
        for (output, list) in lists.enumerated() {
            guard case .array(let values) = list else {
                throw mismatch("connections, list \(output + 1)", expected, list)
            }
            let set = values.compactMap(\.integer)
            let isIncreasing = zip(set, set.dropFirst()).allSatisfy { $0 < $1 }
            guard set.count == values.count, isIncreasing, (set.first ?? 0) >= 0,
                (set.last ?? 0) < 1 << 24
            else { throw mismatch("connections, list \(output + 1)", expected, .string("\(set)")) }
            sets.append(set)
        }
        return sets
    }
}
