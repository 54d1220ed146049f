import Graph

extension Evaluators {
    static let resizes: [String: EvaluatedOperator] = [
        "Resize": .init(Resized.self, takes: 1...4, gives: 1...1),
        "Upsample": .init(Resized.self, takes: 1...2, gives: 1...1),
    ]
}

/// Interpolation to another size, axis by axis.
struct Resized: Evaluated {
    let interpolation: AxisInterpolation
    let axes: [Int]?
    private let policy: String
    private let scales: [Double]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        interpolation = try AxisInterpolation(&attributes)
        axes = try attributes.ints("axes")
        policy = try attributes.string("keep_aspect_ratio_policy", default: "stretch")
        guard ["stretch", "not_larger", "not_smaller"].contains(policy) else {
            throw attributes.mismatch("keep_aspect_ratio_policy", "ONNX's words", .string(policy))
        }
        let isOldest = attributes.op == "Upsample" && attributes.opset < 9
        scales = isOldest ? try attributes.floats("scales")?.map { Double($0) } : nil
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard var values = input.elements.doubles else { throw operands.unfit(input.type) }
        var shape = input.shape.dimensions
        let axes = try operands.axes(axes ?? Array(shape.indices), rank: shape.count)
        let targets = try targets(operands, axes.map { shape[$0] })
        let region = try region(operands, axes.count)
        var outside: [Bool] = []
        for (index, axis) in axes.enumerated() {
            let target = targets[index]
            guard target.size != shape[axis] || target.scale != 1 || region != nil else { continue }
            guard shape[axis] > 0 else { throw operands.fail("axis \(axis) has no elements") }
            var next = shape
            next[axis] = target.size
            guard try operands.count(next) > 0 else {
                (values, shape) = ([], next)
                continue
            }
            let inner = shape[(axis + 1)...].reduce(1, *)
            let length = shape[axis]
            let wasOutside = outside
            var result = [Double](repeating: 0, count: Shape(next).count)
            outside = region == nil ? [] : [Bool](repeating: false, count: result.count)
            // Neighbours of one element at a time: of all of them they would be more than the result.
            for row in 0..<target.size {
                try operands.poll(at: row)
                let tap = interpolation.taps(
                    row,
                    input: length,
                    target: target,
                    region: region.map { ($0[index], $0[index + axes.count]) }
                )
                for outer in 0..<shape[..<axis].reduce(1, *) {
                    try operands.poll(at: outer)
                    for column in 0..<inner {
                        let base = outer * length * inner + column
                        let place = (outer * target.size + row) * inner + column
                        var sum = 0.0
                        for (source, weight) in tap?.pairs ?? [] {
                            sum += values[base + source * inner] * weight
                        }
                        result[place] = tap == nil ? interpolation.extrapolation : sum
                        guard region != nil else { continue }
                        let inherited =
                            !wasOutside.isEmpty
                            && (tap?.pairs.first.map { wasOutside[base + $0.source * inner] }
                                ?? false)
                        outside[place] = tap == nil || inherited
                        if inherited { result[place] = interpolation.extrapolation }
                    }
                }
            }
            (values, shape) = (result, next)
        }
        return [try operands.result(shape, values, input.type)]
    }

    /// The new size of each axis and the scale that coordinates are computed with.
    func targets(
        _ operands: Operands,
        _ sizes: [Int]
    ) throws(ModelError) -> [ResizeTarget] {
        let isResize = operands.node.op == "Resize" && operands.node.opset >= 11
        let given = operands.optional(isResize ? 2 : 1)?.elements.doubles
        if let scales = scales ?? given, !scales.isEmpty {
            guard scales.count == sizes.count, scales.allSatisfy({ $0 > 1e-9 && $0 < 1e9 }) else {
                throw operands.fail("scales \(scales) do not fit \(sizes)")
            }
            return zip(sizes, scales).map {
                ResizeTarget(size: Int(saturating: Double($0) * $1), scale: $1)
            }
        }
        let wanted = try operands.integers(3)
        guard wanted.count == sizes.count, wanted.allSatisfy({ $0 >= 0 }), !sizes.contains(0) else {
            throw operands.fail("sizes \(wanted) do not fit \(sizes)")
        }
        let scales = zip(wanted, sizes).map { Double($0) / Double($1) }
        guard policy != "stretch" else {
            return zip(wanted, scales).map { ResizeTarget(size: $0, scale: $1) }
        }
        let scale = (policy == "not_larger" ? scales.min() : scales.max()) ?? 1
        return sizes.map {
            ResizeTarget(
                size: Int(saturating: (scale * Double($0) + 0.5).rounded(.down)),
                scale: scale
            )
        }
    }

    private func region(_ operands: Operands, _ axes: Int) throws(ModelError) -> [Double]? {
        guard interpolation.crops else { return nil }
        let values = try operands.floats(1)
        guard values.count == 2 * axes, values.allSatisfy({ abs($0) < 1e6 }) else {
            throw operands.fail("roi must hold \(2 * axes) numbers within 1,000,000")
        }
        return values
    }
}

struct ResizeTarget {
    let size: Int
    let scale: Double
}

/// How one axis is interpolated: which elements make up an element of the result.
struct AxisInterpolation: Sendable {
    struct Taps {
        let pairs: [(source: Int, weight: Double)]
    }

    let extrapolation: Double
    private let mode: String
    private let coordinates: String
    private let nearest: String
    private let a: Double
    private let excludesOutside: Bool
    private let antialiases: Bool

    var crops: Bool { coordinates == "tf_crop_and_resize" }

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        func word(
            _ name: String,
            _ standard: String,
            _ known: [String]
        ) throws(ModelError) -> String {
            let word = try attributes.string(name, default: standard)
            guard known.contains(word) else {
                throw attributes.mismatch(name, known.joined(separator: ", "), .string(word))
            }
            return word
        }
        mode = try word("mode", "nearest", ["nearest", "linear", "cubic", "bilinear"])
        let isOld = attributes.opset < 11 || attributes.op == "Upsample"
        coordinates = try word(
            "coordinate_transformation_mode",
            isOld ? "asymmetric" : "half_pixel",
            [
                "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                "asymmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn",
            ]
        )
        nearest = try word(
            "nearest_mode",
            isOld ? "floor" : "round_prefer_floor",
            ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"]
        )
        a = Double(try attributes.float("cubic_coeff_a", default: -0.75))
        excludesOutside = try attributes.flag("exclude_outside", default: false)
        extrapolation = Double(try attributes.float("extrapolation_value", default: 0))
        antialiases = try attributes.flag("antialias", default: false)
    }

    /// Sources and weights of element `place`, or nil outside of the region.
    func taps(
        _ place: Int,
        input: Int,
        target: ResizeTarget,
        region: (Double, Double)?
    ) -> Taps? {
        let x = coordinate(place, input, target, region)
        if region != nil, x < 0 || x > Double(input - 1) { return nil }
        let right = Int(saturating: x.rounded(.up))
        let ratio = x - Double(right) + 1
        if mode == "nearest" {
            let source = nearestSource(x)
            return Taps(pairs: [(min(max(source, 0), input - 1), 1)])
        }
        let weights = weights(ratio, antialiases ? min(target.scale, 1) : 1)
        let first = right - weights.count / 2
        var pairs: [(source: Int, weight: Double)] = []
        for (index, weight) in weights.enumerated() {
            let source = first + index
            let isOutside = source < 0 || source >= input
            if excludesOutside, isOutside { continue }
            pairs.append((min(max(source, 0), input - 1), weight))
        }
        guard excludesOutside else { return Taps(pairs: pairs) }
        let sum = pairs.reduce(0) { $0 + $1.weight }
        return Taps(pairs: pairs.map { ($0.source, $0.weight / sum) })
    }

    private func coordinate(
        _ place: Int,
        _ input: Int,
        _ target: ResizeTarget,
        _ region: (Double, Double)?
    ) -> Double {
        let x = Double(place)
        let last = Double(input - 1)
        switch coordinates {
        case "align_corners":
            // With the size before rounding down.
            let size = target.scale * Double(input)
            return size == 1 || target.size == 1 ? 0 : x * last / (size - 1)
        case "asymmetric": return x / target.scale
        case "tf_half_pixel_for_nn": return (x + 0.5) / target.scale
        case "pytorch_half_pixel": return target.size == 1 ? -0.5 : (x + 0.5) / target.scale - 0.5
        case "half_pixel_symmetric":
            let adjustment = Double(target.size) / (target.scale * Double(input))
            let offset = Double(input) / 2 * (1 - adjustment)
            return offset + (x + 0.5) / target.scale - 0.5
        case "tf_crop_and_resize":
            let (start, end) = region ?? (0, 1)
            return target.size == 1
                ? 0.5 * (start + end) * last
                : start * last + x * (end - start) * last / Double(target.size - 1)
        default: return (x + 0.5) / target.scale - 0.5
        }
    }

    private func nearestSource(_ x: Double) -> Int {
        let rounded =
            switch nearest {
            case "floor", "simple": x.rounded(.down)
            case "ceil": x.rounded(.up)
            case "round_prefer_ceil": (x + 0.5).rounded(.down)
            default: (x - 0.5).rounded(.up)
            }
        return Int(saturating: rounded)
    }

    /// Weights of neighbours, half of them left of the coordinate; `ratio` in (0, 1] is the way from left to right.
    private func weights(_ ratio: Double, _ scale: Double) -> [Double] {
        let reach = mode == "cubic" ? 2.0 : 1.0
        let start = Int((-reach / scale).rounded(.down)) + 1
        let count = 2 - 2 * start
        let weights = (start..<start + count).map { index in
            kernel(abs((Double(index) - ratio) * scale))
        }
        guard scale < 1 else { return weights }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    private func kernel(_ x: Double) -> Double {
        guard mode == "cubic" else { return max(0, 1 - x) }
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
