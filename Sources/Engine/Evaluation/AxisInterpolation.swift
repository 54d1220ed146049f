import Glibc
import Graph

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
        let x = coordinate(place, of: input, to: target, in: region)
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
        of input: Int,
        to target: ResizeTarget,
        in region: (Double, Double)?
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
