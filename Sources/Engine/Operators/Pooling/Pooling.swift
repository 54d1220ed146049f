import Compute
import Glibc
import Graph
import KernelInterface

extension Families {
    static let pools: [String: DeclaredOperator] = [
        "MaxPool": .init(WindowPool.self, takes: 1...1, gives: 1...2, traits: .windows),
        "AveragePool": .init(WindowPool.self, takes: 1...1, gives: 1...1, traits: .windows),
        "LpPool": .init(WindowPool.self, takes: 1...1, gives: 1...1, traits: .windows),
        "GlobalMaxPool": .init(GlobalPool.self, takes: 1...1, gives: 1...1, traits: .whole),
        "GlobalAveragePool": .init(GlobalPool.self, takes: 1...1, gives: 1...1, traits: .whole),
        "GlobalLpPool": .init(GlobalPool.self, takes: 1...1, gives: 1...1, traits: .whole),
        "Maxout": .init(Maxout.self, takes: 1...1, gives: 1...1),
        "ChannelL2": .init(ChannelL2.self, takes: 1...1, gives: 1...1),
    ]
}

/// The largest, mean or norm of each window: padding never wins, and counts in the mean if `count_include_pad` says so.
struct WindowPool: PlannedOperator {
    private let windows: WindowAttributes
    private let countsPadding: Bool
    private let columnMajor: Bool
    private let power: Double
    /// The windows as plans take them, of one or two axes.
    private let planned: Result<Windows, ModelError>

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        var copy = attributes
        planned = Windows.reading(&copy, ceils: true)
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if node.outputs.dropFirst().contains(where: { !$0.isEmpty }) {
            guard !columnMajor else {
                throw .shape(node: node.name, reason: "places column by column are not planned")
            }
            return try PlacedMaximum(node: node, windows: windows).lower(into: &plan)
        }
        if node.op == "MaxPool", let input = try plan.optionalTyped(node, 0),
            plan[input].type.byteCount == 1, plan[input].type != .bool
        {
            return try plan.integerMaximum(node, input, planned.get())
        }
        if windows.kernel?.count == 3,
            let volumes = try Volumes(
                node,
                plan.inputShape(node, 0),
                windows,
                kernel: windows.kernel ?? []
            )
        {
            return try volumes.pool(into: &plan)
        }
        let reduction: WindowReduction =
            switch node.op {
            case "MaxPool": .maximum
            case "AveragePool": .average
            default: .power(try plannedPower(power, node))
            }
        try WindowPooling(
            node: node,
            windows: planned.get(),
            countsPadding: countsPadding,
            reduction: reduction
        ).lower(into: &plan)
    }
}

/// The p of a norm, which kernels know as a whole number.
private func plannedPower(_ power: Double, _ node: Node) throws(ModelError) -> Int {
    guard let whole = Int(exactly: power), (1...64).contains(whole) else {
        throw .shape(node: node.name, reason: "p of \(node.op) is \(power); plans take 1 to 64")
    }
    return whole
}

/// The mean, maximum or norm (Σ |x|^p)^(1/p) of each channel: [N, C, H, W] to [N, C, 1, 1].
struct GlobalPool: PlannedOperator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    private let power: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        power = attributes.op == "GlobalLpPool" ? Double(try attributes.float("p", default: 2)) : 2
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let tensor = try operands(0)
        let rank = tensor.shape.rank
        guard rank >= 2 else { throw operands.fail("the input \(tensor.shape) has no channels") }
        let walk = try ReductionWalk(tensor.shape, axes: Set(2..<rank), operands)
        let values = walk.groups(try operands.floats(0)).map { group in
            switch operands.node.op {
            case "GlobalMaxPool": group.max() ?? -.infinity
            case "GlobalAveragePool": group.reduce(0, +) / Double(group.count)
            default: pow(group.reduce(0) { $0 + pow(abs($1), power) }, 1 / power)
            }
        }
        return [try operands.result(walk.keptShape, values, tensor.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let reduction: WindowReduction =
            switch node.op {
            case "GlobalMaxPool": .maximum
            case "GlobalAveragePool": .average
            default: .power(try plannedPower(power, node))
            }
        try lowerGlobalPool(node, reduction, into: &plan)
    }
}

/// One window as large as the image.
private func lowerGlobalPool(
    _ node: Node,
    _ reduction: WindowReduction,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let shape = try plan.inputShape(node, 0)
    if shape.rank == 5, shape.count > 0 {
        let sizes = [shape[0], shape[1], shape[2] * shape[3], shape[4]]
        var flat = node
        (flat.inputs, flat.outputs) = (["\(node.outputs[0])/image"], ["\(node.outputs[0])/pixel"])
        let image = try plan.value(plan.input(node, 0), as: .dense)
        _ = try plan.alias(flat.inputs[0], of: image, shape: Shape(sizes))
        try plan.lower(flat)
        guard let pixel = plan.id(named: flat.outputs[0]) else { return }
        let result: Shape = [shape[0], shape[1], 1, 1, 1]
        _ = try plan.alias(node.outputs[0], of: plan.value(pixel, as: .dense), shape: result)
        return
    }
    _ = try node.imageShape(shape)
    var whole = Node(name: node.name, op: node.op)
    whole.attributes["kernel_shape"] = .ints(shape.dimensions[2...].map { max(1, $0) })
    var attributes = AttributeReader(whole)
    try WindowPooling(
        node: node,
        windows: Windows(&attributes, ceils: false),
        countsPadding: false,
        reduction: reduction
    ).lower(into: &plan)
}
