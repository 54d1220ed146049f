import Graph

/// The numbers a value takes, counted in equal bins.
struct ValueRange: Sendable {
    private static let bins = 2048

    private(set) var low: Float = 0
    private(set) var high: Float = 0
    private var counts: [Int] = []

    /// Zero is always in it.
    mutating func widen(_ values: [Float]) {
        for value in values where value.isFinite {
            low = min(low, value)
            high = max(high, value)
        }
    }

    mutating func widen(_ other: ValueRange) {
        low = min(low, other.low)
        high = max(high, other.high)
    }

    /// Counts numbers, once the range is known.
    mutating func count(_ values: [Float]) {
        guard high > low else { return }
        if counts.isEmpty { counts = Array(repeating: 0, count: Self.bins) }
        let factor = Float(Self.bins) / (high - low)
        for value in values where value.isFinite {
            counts[min(Self.bins - 1, max(0, Int((value - low) * factor)))] += 1
        }
    }

    /// 255 steps that hold 0; where what lies far outside is rare, they do not reach the ends: of a hundred choices for the
    /// upper end, then as many for the lower, those with the least sum of squared errors.
    var steps: ValueSteps {
        guard high > low else { return ValueSteps(scale: 1, zero: 0) }
        var best = (error: Double.infinity, low: low, high: high)
        for isUpper in [true, false] {
            let start = best
            for part in 0..<100 {
                let factor = 1 - Float(part) / 128
                let ends =
                    isUpper ? (start.low, start.high * factor) : (start.low * factor, start.high)
                let error = error(of: ValueSteps(low: ends.0, high: ends.1))
                if error < best.error { best = (error, ends.0, ends.1) }
            }
        }
        return ValueSteps(low: best.low, high: best.high)
    }

    /// The sum of the squares that rounding the numbers counted is off.
    private func error(of steps: ValueSteps) -> Double {
        let width = (high - low) / Float(Self.bins)
        var error = 0.0
        for (bin, count) in counts.enumerated() where count > 0 {
            let value = low + (Float(bin) + 0.5) * width
            let off = Double(value - steps.rounded(value))
            error += off * off * Double(count)
        }
        return error
    }
}

/// Steps of uint8: (byte − zero) · scale.
struct ValueSteps: Sendable, Equatable {
    let scale: Float
    let zero: Int

    init(scale: Float, zero: Int) {
        (self.scale, self.zero) = (scale, zero)
    }

    init(low: Float, high: Float) {
        let scale = (high - low) / 255
        guard scale > .leastNormalMagnitude, scale.isFinite else {
            self.init(scale: 1, zero: 0)
            return
        }
        self.init(
            scale: scale,
            zero: Int(min(255, max(0, -low / scale)).rounded(.toNearestOrEven))
        )
    }

    func rounded(_ value: Float) -> Float {
        let step = (value / scale).rounded(.toNearestOrEven) + Float(zero)
        return (min(255, max(0, step)) - Float(zero)) * scale
    }
}
