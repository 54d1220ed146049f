/// Scales a picture down (or up) its height while its rows come, keeping only those that rows yet to be made need.
struct RowSampler {
    private let axis: AxisSampling
    private let rowLength: Int
    /// The last `depth` rows, the row n in the place n % depth, if they are what is kept.
    private var rows: [UInt8] = []
    /// Weighted sums for the results begun, at most `depth`, if those are.
    private var sums: [Int32] = []
    private var depth = 0
    /// Rows that came, and results that went.
    private var taken = 0
    private var made = 0
    /// The result that `next` made.
    private(set) var current: [UInt8] = []

    init(_ axis: AxisSampling, rowLength: Int) throws(ImageError) {
        self.axis = axis
        self.rowLength = rowLength
        current = try Memory.bytes(rowLength)
        guard case .weighted(let weights) = axis else { return }
        // Enlarging needs few rows for many results, shrinking has few results begun by many rows.
        let (longest, begun) = (weights.longest, weights.mostBegun)
        if longest <= begun * MemoryLayout<Int32>.size {
            depth = longest
            rows = try Memory.bytes(depth * rowLength)
        } else {
            depth = begun
            sums = try Memory.array(repeating: 0, count: depth * rowLength)
        }
    }

    var isExact: Bool { axis.isExact }

    /// Something is made of the row that comes next.
    var isWaiting: Bool {
        switch axis {
        case .all: true
        case .chosen(let positions): made < positions.count && positions[made] == taken
        case .weighted(let weights): made < weights.count && weights.starts[made] <= taken
        }
    }

    /// Passes over a row that nothing is made of.
    mutating func pass() { taken += 1 }

    mutating func take(_ row: [UInt8]) {
        if case .weighted(let weights) = axis {
            if sums.isEmpty {
                copy(row, to: &rows, at: taken % depth * rowLength)
            } else {
                add(row, weights)
            }
        } else {
            copy(row, to: &current, at: 0)
        }
        taken += 1
    }

    /// Makes the next result; false if more rows must come first.
    mutating func next() -> Bool {
        switch axis {
        case .all: guard made < taken else { return false }
        case .chosen(let positions):
            guard made < positions.count, positions[made] == taken - 1 else { return false }
        case .weighted(let weights):
            guard made < weights.count, weights.end(of: made) <= taken else { return false }
            make(weights)
        }
        made += 1
        return true
    }

    private mutating func add(_ row: [UInt8], _ weights: ResizeWeights) {
        var result = made
        while result < weights.count, weights.starts[result] <= taken {
            let tap = taken - weights.starts[result]
            let start = result % depth * rowLength
            if tap == 0 { begin(start) }
            let weight = weights.weight(tap, of: result)
            accumulate(row, 0, times: weight, to: &sums, start, count: rowLength)
            result += 1
        }
    }

    private mutating func begin(_ start: Int) {
        let end = start + rowLength
        var sums = sums.mutableSpan
        for index in start..<end { sums[index] = ResizeWeights.half }
    }

    private mutating func make(_ weights: ResizeWeights) {
        guard sums.isEmpty else { return round(sums, made % depth) }
        var sums = [Int32](repeating: ResizeWeights.half, count: rowLength)
        for tap in 0..<weights.counts[made] {
            let start = (weights.starts[made] + tap) % depth * rowLength
            let weight = weights.weight(tap, of: made)
            accumulate(rows, start, times: weight, to: &sums, 0, count: rowLength)
        }
        round(sums, 0)
    }

    private mutating func round(_ sums: [Int32], _ place: Int) {
        let sums = sums.span.extracting(place * rowLength..<(place + 1) * rowLength)
        var output = current.mutableSpan
        for index in sums.indices { output[index] = ResizeWeights.sample(sums[index]) }
    }
}

/// Adds samples, weighted, to as many sums.
private func accumulate(
    _ samples: [UInt8],
    _ from: Int,
    times weight: Int32,
    to sums: inout [Int32],
    _ start: Int,
    count: Int
) {
    let samples = samples.span.extracting(from..<from + count)
    var sums = sums.mutableSpan
    for index in samples.indices { sums[start + index] &+= Int32(samples[index]) &* weight }
}
