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
        let support = filter.support * widening
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
                weights[output * stride + index] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
            }
            starts.append(start)
            counts.append(window.count)
        }
    }

    /// Those of the axis seen from its other end.
    func reversed(_ length: Int) -> ResizeWeights {
        var result = self
        for output in 0..<count {
            let other = count - 1 - output
            result.starts[output] = length - end(of: other)
            result.counts[output] = counts[other]
            for tap in 0..<counts[other] {
                result.weights[output * stride + tap] = weight(counts[other] - 1 - tap, of: other)
            }
        }
        return result
    }
}

/// Reading.
extension ResizeWeights {
    /// What sums begin with: half of the last bit that is kept.
    static let half = Int32(1) << (fractionBits - 1)

    static func sample(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> fractionBits) }

    /// Output positions.
    var count: Int { starts.count }

    func end(of output: Int) -> Int { starts[output] + counts[output] }

    func weight(_ tap: Int, of output: Int) -> Int32 { weights[output * stride + tap] }

    /// Of all windows.
    var longest: Int { counts.max() ?? 0 }

    /// The most windows that one position is in, or that begin before another ends.
    var mostBegun: Int {
        var most = 1
        var last = 0
        for output in 0..<count {
            while last + 1 < count, starts[last + 1] < end(of: output) { last += 1 }
            most = max(most, last - output + 1)
        }
        return most
    }
}

extension ResizeFilter {
    /// The filter's value at a distance measured in (widened) pixels.
    fileprivate func weight(at distance: Double) -> Double {
        switch self {
        case .bilinear: max(0, 1 - distance.magnitude)
        case .bicubic: Self.cubic(distance.magnitude)
        default: distance > -0.5 && distance <= 0.5 ? 1 : 0
        }
    }

    /// How far from its centre a window reaches where nothing is shrunk.
    fileprivate var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        default: 0.5
        }
    }

    private static func cubic(_ x: Double) -> Double {
        let a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
}
