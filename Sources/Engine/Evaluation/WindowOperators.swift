import Foundation
import Graph

extension Evaluators {
    static let windows: [String: EvaluatedOperator] = [
        "Conv": .init(Convolved.self, takes: 2...3, gives: 1...1),
        "ConvTranspose": .init(ConvolvedBack.self, takes: 2...3, gives: 1...1),
        "ConvInteger": .init(Convolved.self, takes: 2...4, gives: 1...1),
        "QLinearConv": .init(Convolved.self, takes: 8...9, gives: 1...1),
        "MaxPool": .init(Pooled.self, takes: 1...1, gives: 1...2),
        "AveragePool": .init(Pooled.self, takes: 1...1, gives: 1...1),
        "LpPool": .init(Pooled.self, takes: 1...1, gives: 1...1),
        "GlobalMaxPool": .init(PooledWhole.self, takes: 1...1, gives: 1...1),
        "GlobalAveragePool": .init(PooledWhole.self, takes: 1...1, gives: 1...1),
        "GlobalLpPool": .init(PooledWhole.self, takes: 1...1, gives: 1...1),
    ]
}

/// Sums of products over windows, of floats or, with zero points, of small integers.
private struct Convolved: Evaluated {
    private let windows: WindowAttributes
    private let groups: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try WindowAttributes(&attributes, ceils: false)
        groups = try attributes.int("group", default: 1)
        guard groups >= 1 else { throw attributes.mismatch("group", "1 or more", .int(groups)) }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        switch operands.node.op {
        case "ConvInteger":
            let (sums, shape) = try convolve(
                operands,
                try operands.centred(0, zeroPoint: 2, axis: nil),
                try operands.centred(1, zeroPoint: 3, axis: 0),
                shapes: (operands(0).shape.dimensions, operands(1).shape.dimensions)
            )
            return [try operands.result(shape, sums, .int32)]
        case "QLinearConv":
            return [try quantised(operands)]
        default:
            var (sums, shape) = try convolve(
                operands,
                try operands.floats(0),
                try operands.floats(1),
                shapes: (operands(0).shape.dimensions, operands(1).shape.dimensions)
            )
            if operands.optional(2) != nil {
                try add(operands.floats(2), to: &sums, shape, operands)
            }
            return [try operands.result(shape, sums, operands(0).type)]
        }
    }

    /// Inputs: x, its scale and zero point; w, its scale and zero point; the result's; a bias of int32.
    private func quantised(_ operands: Operands) throws(ModelError) -> Tensor {
        var (sums, shape) = try convolve(
            operands,
            try operands.centred(0, zeroPoint: 2, axis: nil),
            try operands.centred(3, zeroPoint: 5, axis: 0),
            shapes: (operands(0).shape.dimensions, operands(3).shape.dimensions)
        )
        if let bias = operands.optional(8)?.elements.doubles {
            try add(bias, to: &sums, shape, operands)
        }
        let (x, w) = (try operands.floats(1), try operands.floats(4))
        let (y, zero) = (try operands.floats(6), try operands(7))
        guard x.count == 1, y.count == 1, w.count == 1 || w.count == shape[1],
            let offset = zero.elements.signed?.first
        else { throw operands.fail("scales and zero points do not fit") }
        let inner = shape[2...].reduce(1, *)
        let values = sums.indices.map { index in
            let scale = x[0] * w[w.count == 1 ? 0 : index / inner % shape[1]] / y[0]
            return (sums[index] * scale).quantised(zero.type, offset)
        }
        return try operands.result(shape, values, zero.type)
    }

    private func add(
        _ bias: [Double],
        to sums: inout [Double],
        _ shape: [Int],
        _ operands: Operands
    ) throws(ModelError) {
        guard bias.count == shape[1] else {
            throw operands.fail("the bias does not fit the kernels")
        }
        let inner = shape[2...].reduce(1, *)
        for index in sums.indices { sums[index] += bias[index / inner % shape[1]] }
    }

    private func convolve(
        _ operands: Operands,
        _ input: [Double],
        _ weights: [Double],
        shapes: (input: [Int], weights: [Int])
    ) throws(ModelError) -> ([Double], [Int]) {
        let (x, w) = shapes
        guard x.count >= 3, w.count == x.count, w[0] % groups == 0, x[1] % groups == 0,
            x[1] / groups == w[1],
            windows.kernel.map({ $0 == Array(w[2...]) }) ?? true
        else { throw operands.fail("kernels \(Shape(w)) do not fit the input \(Shape(x))") }
        let volume = WindowVolume(
            try windows.axes(operands, input: x, kernel: Array(w[2...]))
        )
        let shape = [x[0], w[0]] + volume.outputShape
        var sums = [Double](repeating: 0, count: try operands.count(shape))
        let perGroup = w[0] / groups
        for image in 0..<x[0] {
            for output in 0..<w[0] {
                try operands.poll()
                let target = (image * w[0] + output) * volume.outputs
                for channel in 0..<w[1] {
                    let source = (image * x[1] + output / perGroup * w[1] + channel) * volume.inputs
                    let kernel = (output * w[1] + channel) * volume.taps
                    try volume.forEachTap(operands) { place, tap, from in
                        sums[target + place] += input[source + from] * weights[kernel + tap]
                    }
                }
            }
        }
        return (sums, shape)
    }
}

/// The gradient of a convolution: every input is spread over a window of outputs.
private struct ConvolvedBack: Evaluated {
    private let windows: WindowAttributes
    private let groups: Int
    private let outputPadding: [Int]?
    private let outputShape: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try WindowAttributes(&attributes, ceils: false)
        groups = try attributes.int("group", default: 1)
        guard groups >= 1 else { throw attributes.mismatch("group", "1 or more", .int(groups)) }
        outputPadding = try attributes.ints("output_padding")
        outputShape = try attributes.ints("output_shape")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, weights) = (try operands.floats(0), try operands.floats(1))
        let x = try operands(0).shape.dimensions
        let w = try operands(1).shape.dimensions
        guard x.count >= 3, w.count == x.count, x[1] == w[0], x[1] % groups == 0,
            windows.kernel.map({ $0 == Array(w[2...]) }) ?? true
        else { throw operands.fail("kernels \(Shape(w)) do not fit the input \(Shape(x))") }
        let volume = WindowVolume(
            try windows.transposedAxes(
                operands,
                input: x,
                kernel: Array(w[2...]),
                outputPadding: outputPadding,
                outputShape: outputShape
            )
        )
        let (channels, overflow) = w[1].multipliedReportingOverflow(by: groups)
        guard !overflow else { throw operands.fail("\(groups) groups are too many") }
        let shape = [x[0], channels] + volume.inputShape
        var sums = [Double](repeating: 0, count: try operands.count(shape))
        if operands.optional(2) != nil {
            let bias = try operands.floats(2)
            guard bias.count == channels else { throw operands.fail("the bias does not fit") }
            for index in sums.indices { sums[index] = bias[index / volume.inputs % channels] }
        }
        let perGroup = x[1] / groups
        for image in 0..<x[0] {
            for channel in 0..<x[1] {
                try operands.poll()
                let source = (image * x[1] + channel) * volume.outputs
                for output in 0..<w[1] {
                    let plane = image * channels + channel / perGroup * w[1] + output
                    let kernel = (channel * w[1] + output) * volume.taps
                    try volume.forEachTap(operands) { from, tap, to in
                        sums[plane * volume.inputs + to] +=
                            input[source + from] * weights[kernel + tap]
                    }
                }
            }
        }
        return [try operands.result(shape, sums, operands(0).type)]
    }
}

/// Largest, mean or norm of each window.
private struct Pooled: Evaluated {
    private let windows: WindowAttributes
    private let countsPadding: Bool
    private let columnMajor: Bool
    private let power: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try WindowAttributes(&attributes, ceils: true)
        let op = attributes.op
        countsPadding =
            op == "AveragePool" ? try attributes.flag("count_include_pad", default: false) : false
        columnMajor = op == "MaxPool" ? try attributes.flag("storage_order", default: false) : false
        power = op == "LpPool" ? Double(try attributes.float("p", default: 2)) : 2
        guard windows.kernel != nil else {
            throw attributes.mismatch("kernel_shape", "a size for each axis", .string("nothing"))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let tensor = try operands(0)
        let x = tensor.shape.dimensions
        guard x.count >= 3, let input = tensor.elements.doubles else {
            throw operands.fail("\(operands.node.op) does not fit the input \(tensor.shape)")
        }
        let volume = WindowVolume(
            try windows.axes(operands, input: x, kernel: windows.kernel ?? [])
        )
        let shape = Array(x[..<2]) + volume.outputShape
        let count = try operands.count(shape)
        var result = [Double](
            repeating: operands.node.op == "MaxPool" ? -.infinity : 0,
            count: count
        )
        var best = [Int](repeating: 0, count: operands.isWanted(1) ? count : 0)
        for plane in 0..<(Shape(shape).count == 0 ? 0 : x[0] * x[1]) {
            try operands.poll()
            let (source, target) = (plane * volume.inputs, plane * volume.outputs)
            try volume.forEachTap(operands) { place, _, from in
                let value = input[source + from]
                switch operands.node.op {
                case "MaxPool":
                    if value > result[target + place] || value.isNaN {
                        result[target + place] = value
                        if !best.isEmpty { best[target + place] = source + from }
                    }
                case "LpPool": result[target + place] += pow(abs(value), power)
                default: result[target + place] += value
                }
            }
        }
        try finish(&result, volume, operands)
        var outputs = [try operands.result(shape, result, tensor.type)]
        if operands.isWanted(1) {
            if columnMajor { best = best.map { transposed($0, volume) } }
            outputs.append(Tensor(shape: Shape(shape), integers: best))
        }
        return outputs
    }

    private func finish(
        _ result: inout [Double],
        _ volume: WindowVolume,
        _ operands: Operands
    ) throws(ModelError) {
        switch operands.node.op {
        case "LpPool":
            for index in result.indices { result[index] = pow(result[index], 1 / power) }
        case "AveragePool":
            var counts = [Double](repeating: 0, count: volume.outputs)
            if countsPadding {
                let (d, h, w) = (volume.depth, volume.height, volume.width)
                for place in counts.indices {
                    counts[place] = Double(
                        d.paddedTaps(place / (h.output * w.output))
                            * h.paddedTaps(place / w.output % h.output)
                            * w.paddedTaps(place % w.output)
                    )
                }
            } else {
                try volume.forEachTap(operands) { place, _, _ in counts[place] += 1 }
            }
            for index in result.indices { result[index] /= counts[index % volume.outputs] }
        default: break
        }
    }

    /// The index of the same element where columns come before rows.
    private func transposed(_ index: Int, _ volume: WindowVolume) -> Int {
        let (rows, columns) = (volume.height.input, volume.width.input)
        let (plane, place) = (index / (rows * columns), index % (rows * columns))
        return plane * rows * columns + place % columns * rows + place / columns
    }
}

/// One window as large as the image.
private struct PooledWhole: Evaluated {
    private let power: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        power = attributes.op == "GlobalLpPool" ? Double(try attributes.float("p", default: 2)) : 2
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let tensor = try operands(0)
        let rank = tensor.shape.rank
        guard rank >= 2 else { throw operands.fail("the input \(tensor.shape) has no channels") }
        let walk = ReductionWalk(tensor.shape, axes: Set(2..<rank))
        let values = walk.groups(try operands.floats(0)).map { group in
            switch operands.node.op {
            case "GlobalMaxPool": group.max() ?? -.infinity
            case "GlobalAveragePool": group.reduce(0, +) / Double(group.count)
            default: pow(group.reduce(0) { $0 + pow(abs($1), power) }, 1 / power)
            }
        }
        return [try operands.result(walk.keptShape, values, tensor.type)]
    }
}
