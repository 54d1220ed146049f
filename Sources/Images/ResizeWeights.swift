/// For each output position along one axis, which input positions count and how much.
///
/// Weights are fixed-point with 22 fractional bits and windows are cut at the edges, as in Pillow, so that
/// results agree with it bit for bit.
struct ResizeWeights {
    static let fractionBits: Int32 = 22

    /// The first input position of each window.
    private(set) var starts: [Int] = []
    private(set) var counts: [Int] = []
    /// Rows of `stride` weights, of which `counts` are used.
    private(set) var weights: [Int32] = []
    let stride: Int

    /// Maps the stretch `source` of an axis of `length` pixels onto `outputs` pixels.
    init(from source: ClosedRange<Double>, of length: Int, to outputs: Int, filter: ResizeFilter) {
        let scale = (source.upperBound - source.lowerBound) / Double(outputs)
        // Shrinking widens the window so that every input pixel counts.
        let widening = max(scale, 1)
        let support = (filter == .area ? 0.5 : 1) * widening
        stride = Int(support.rounded(.up)) * 2 + 1
        weights = Array(repeating: 0, count: outputs * stride)
        starts.reserveCapacity(outputs)
        counts.reserveCapacity(outputs)
        for output in 0..<outputs {
            let centre = source.lowerBound + (Double(output) + 0.5) * scale
            let start = max(Int(centre - support + 0.5), 0)
            let end = min(Int(centre + support + 0.5), length)
            let window = (start..<end).map { position in
                filter.weight(at: (Double(position) - centre + 0.5) / widening)
            }
            // Rounding can leave a single position with no weight; it then counts in full.
            let sum = window.reduce(0, +)
            for (index, weight) in window.enumerated() {
                let share = sum > 0 ? weight / sum : 1 / Double(window.count)
                let fixed = share * Double(Int32(1) << Self.fractionBits)
                weights[output * stride + index] = Int32(fixed + 0.5)
            }
            starts.append(start)
            counts.append(window.count)
        }
    }
}

extension ResizeFilter {
    /// The filter's value at a distance measured in (widened) pixels.
    fileprivate func weight(at distance: Double) -> Double {
        switch self {
        case .bilinear: max(0, 1 - distance.magnitude)
        case .area, .nearest: distance > -0.5 && distance <= 0.5 ? 1 : 0
        }
    }
}
