import Graph

/// How one axis is read between its elements and beyond its ends.
struct SampledAxis: Sendable {
    private enum Mode { case nearest, linear, cubic }
    private enum Padding: String { case zeros, border, reflection }

    private let mode: Mode
    private let padding: Padding
    private let alignsCorners: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        // Since opset 20 modes have names for any number of axes.
        let name = try attributes.string("mode", default: "linear")
        switch name {
        case "nearest": mode = .nearest
        case "linear", "bilinear": mode = .linear
        case "cubic", "bicubic": mode = .cubic
        default: throw attributes.mismatch("mode", "linear, nearest or cubic", .string(name))
        }
        let word = try attributes.string("padding_mode", default: "zeros")
        guard let padding = Padding(rawValue: word) else {
            throw attributes.mismatch(
                "padding_mode",
                "zeros, border or reflection",
                .string(word)
            )
        }
        self.padding = padding
        alignsCorners = try attributes.flag("align_corners", default: false)
    }

    /// The elements that make up the value at a coordinate; those beyond the ends that count as 0 are left out.
    func taps(
        _ coordinate: Double,
        _ length: Int,
        isWide: Bool
    ) -> [(place: Int, weight: Double)] {
        let x = place(of: coordinate, length, isWide: isWide)
        let floor = x.isNaN ? 0 : x.rounded(.down)
        let first = Int(floor)
        let weights = weights(x - floor)
        let shift = mode == .cubic ? 1 : 0
        var taps: [(place: Int, weight: Double)] = []
        for (index, weight) in weights.enumerated() {
            if let place = place(first + index - shift, length) { taps.append((place, weight)) }
        }
        return taps
    }

    /// Up to four elements, of which −1 counts as 0, and their weights.
    typealias Taps = (places: InlineArray<4, Int>, weights: InlineArray<4, Float>)

    /// Elements that make up a value, those that count as 0 among them.
    var tapCount: Int {
        switch mode {
        case .nearest: 1
        case .linear: 2
        case .cubic: 4
        }
    }

    /// The same as `taps`, without a list.
    func fastTaps(_ coordinate: Float, _ length: Int) -> Taps {
        let x = place(of: Double(coordinate), length, isWide: false)
        let floor = x.isNaN ? 0 : x.rounded(.down)
        let first = Int(floor) - (mode == .cubic ? 1 : 0)
        var places = InlineArray<4, Int>(repeating: -1)
        for tap in 0..<tapCount { places[tap] = place(first + tap, length) ?? -1 }
        return (places, fastWeights(x - floor))
    }

    private func fastWeights(_ t: Double) -> InlineArray<4, Float> {
        switch mode {
        case .nearest: [1, 0, 0, 0]
        case .linear: [Float(1 - t), Float(t), 0, 0]
        case .cubic:
            [
                Float(Self.far(t + 1)), Float(Self.near(t)), Float(Self.near(1 - t)),
                Float(Self.far(2 - t)),
            ]
        }
    }

    /// Where a coordinate lies, counted in elements, once what lies beyond the ends has been brought back.
    private func place(of coordinate: Double, _ length: Int, isWide: Bool) -> Double {
        var x = position(coordinate, length, isWide: isWide)
        if mode == .nearest { x.round(.toNearestOrEven) }
        let (low, high) = ends(length)
        if x < low || x > high {
            switch padding {
            case .zeros: break
            // Cubic weights reach over the end, whose value stands for all beyond.
            case .border: if mode != .cubic { x = min(max(x, 0), Double(length - 1)) }
            case .reflection: x = reflected(x, low, high)
            }
        }
        // What is farther away reads the same: nothing, or the ends.
        return min(max(x, -8), Double(length) + 8)
    }

    /// In single precision for grids of it: rounding decides which element is nearest.
    private func position(_ coordinate: Double, _ length: Int, isWide: Bool) -> Double {
        guard !isWide else {
            let size = Double(length)
            return alignsCorners
                ? (coordinate + 1) / 2 * (size - 1) : ((coordinate + 1) * size - 1) / 2
        }
        let (n, size) = (Float(coordinate), Float(length))
        return Double(alignsCorners ? (n + 1) / 2 * (size - 1) : ((n + 1) * size - 1) / 2)
    }

    private func ends(_ length: Int) -> (low: Double, high: Double) {
        alignsCorners ? (0, Double(length - 1)) : (-0.5, Double(length) - 0.5)
    }

    private func reflected(_ x: Double, _ low: Double, _ high: Double) -> Double {
        let range = high - low
        guard range > 0 else { return low }
        let beyond = x < low ? low - x : x - high
        let turns = (beyond / range).rounded(.down)
        let rest = beyond - turns * range
        let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
        return isEven == (x < low) ? low + rest : high - rest
    }

    private func place(_ index: Int, _ length: Int) -> Int? {
        guard index < 0 || index >= length else { return index }
        switch padding {
        case .zeros: return nil
        case .border: return min(max(index, 0), length - 1)
        case .reflection:
            let (low, high) = ends(length)
            let place = reflected(Double(index), low, high)
            return min(max(Int(saturating: place), 0), length - 1)
        }
    }

    // R. G. Keys' convolution with a = −0.75.
    private static let a = -0.75

    private static func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }

    private static func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }

    private func weights(_ t: Double) -> [Double] {
        switch mode {
        case .nearest: [1]
        case .linear: [1 - t, t]
        case .cubic:
            [Self.far(t + 1), Self.near(t), Self.near(1 - t), Self.far(2 - t)]
        }
    }
}
