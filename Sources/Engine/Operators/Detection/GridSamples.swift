import Graph

extension Families {
    static let grids: [String: DeclaredOperator] = [
        "GridSample": .init(GridSample.self, takes: 2...2, gives: 1...1),
        "AffineGrid": .init(AffineGrid.self, takes: 2...2, gives: 1...1),
    ]
}

/// A picture or volume read at the places that a grid names, each from −1 to 1 along every axis, the last axis first.
struct GridSample: Operator {
    private let axis: SampledAxis

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try SampledAxis(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, grid) = (try operands(0), try operands(1))
        let (sizes, places) = (input.shape.dimensions, grid.shape.dimensions)
        let rank = sizes.count - 2
        guard (1...3).contains(rank), places.count == sizes.count, places.last == rank,
            places[0] == sizes[0]
        else { throw operands.fail("the grid \(grid.shape) does not fit \(input.shape)") }
        let (values, coordinates) = (try operands.floats(0), try operands.floats(1))
        let shape = [sizes[0], sizes[1]] + places[1..<places.count - 1]
        let plane = sizes[2...].reduce(1, *)
        let points = shape[2...].reduce(1, *)
        let strides = rowMajorStrides(Array(sizes[2...]))
        var result = [Double](repeating: 0, count: try operands.count(shape))
        guard !result.isEmpty else {
            return [try operands.result(shape, result, input.type)]
        }
        guard plane > 0 else { throw operands.fail("\(input.shape) has no elements to read") }
        for image in 0..<sizes[0] {
            for point in 0..<points {
                if point & 0xFFF == 0 { try operands.poll() }
                let first = (image * points + point) * rank
                var taps = [(place: 0, weight: 1.0)]
                for index in 0..<rank {
                    let length = sizes[2 + index]
                    let own = axis.taps(
                        coordinates[first + rank - 1 - index],
                        length,
                        isWide: grid.type == .float64
                    )
                    taps = taps.flatMap { tap in
                        own.map { (tap.place + $0.place * strides[index], tap.weight * $0.weight) }
                    }
                }
                for channel in 0..<sizes[1] {
                    let start = (image * sizes[1] + channel) * plane
                    var sum = 0.0
                    for tap in taps { sum += values[start + tap.place] * tap.weight }
                    result[(image * sizes[1] + channel) * points + point] = sum
                }
            }
        }
        return [try operands.result(shape, result, input.type)]
    }
}

/// How one axis is read between its elements and beyond its ends.
private struct SampledAxis: Sendable {
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
        x = min(max(x, -8), Double(length) + 8)
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

    private func weights(_ t: Double) -> [Double] {
        switch mode {
        case .nearest: return [1]
        case .linear: return [1 - t, t]
        case .cubic:
            // R. G. Keys' convolution with a = −0.75.
            let a = -0.75
            func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
            func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
            return [far(t + 1), near(t), near(1 - t), far(2 - t)]
        }
    }
}

/// The grid of places that GridSample reads for an affine map, two or three axes.
struct AffineGrid: Operator {
    private let alignsCorners: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alignsCorners = try attributes.flag("align_corners", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let theta = try operands(0)
        let size = try operands.integers(1)
        let rank = size.count - 2
        guard (2...3).contains(rank), size.allSatisfy({ $0 >= 0 }),
            theta.shape.dimensions == [size[0], rank, rank + 1]
        else { throw operands.fail("the map \(theta.shape) does not fit the size \(size)") }
        let factors = try operands.floats(0)
        let shape = [size[0]] + size[2...] + [rank]
        let places = size[2...].map { length in (0..<length).map { place($0, length) } }
        var result: [Double] = []
        result.reserveCapacity(try operands.count(shape))
        let sizes = Array(size[2...])
        let strides = rowMajorStrides(sizes)
        let points = sizes.reduce(1, *)
        for image in 0..<size[0] {
            for point in 0..<points {
                try operands.poll(at: point)
                for row in 0..<rank {
                    let first = (image * rank + row) * (rank + 1)
                    var sum = factors[first + rank]
                    // x is the last axis.
                    for column in 0..<rank {
                        let axis = rank - 1 - column
                        let index = point / strides[axis] % sizes[axis]
                        sum += factors[first + column] * places[axis][index]
                    }
                    result.append(sum)
                }
            }
        }
        return [try operands.result(shape, result, theta.type)]
    }

    private func place(_ index: Int, _ length: Int) -> Double {
        guard alignsCorners else { return (2 * Double(index) + 1) / Double(length) - 1 }
        return length == 1 ? -1 : 2 * Double(index) / Double(length - 1) - 1
    }
}
