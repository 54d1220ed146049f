import Compute
import Foundation
import Graph
import KernelInterface

/// Detector stages: pooling over windows of each channel.
enum Pooling {
    static let operators: [any Operator.Type] = [
        MaxPool.self, AveragePool.self, LpPool.self,
        GlobalMaxPool.self, GlobalAveragePool.self, GlobalLpPool.self,
    ]
}

/// The maximum of each window; padding never wins.
struct MaxPool: Operator {
    static let name = "MaxPool"
    private let windows: Windows

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: true)
        guard try attributes.int("storage_order", default: 0) == 0 else {
            throw attributes.mismatch("storage_order", "0", .int(1))
        }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try WindowPooling(node: node, windows: windows, countsPadding: false, reduction: .maximum)
            .lower(into: &plan)
    }
}

/// The mean of each window; `count_include_pad` says whether padding counts in the divisor.
struct AveragePool: Operator {
    static let name = "AveragePool"
    private let windows: Windows
    private let countsPadding: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: true)
        countsPadding = try attributes.flag("count_include_pad", default: false)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try WindowPooling(
            node: node,
            windows: windows,
            countsPadding: countsPadding,
            reduction: .average
        ).lower(into: &plan)
    }
}

/// (Σ |x|^p)^(1/p) of each window, p being 2 unless given; padding adds nothing.
struct LpPool: Operator {
    static let name = "LpPool"
    private let windows: Windows
    private let power: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: true)
        power = try attributes.power()
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try WindowPooling(
            node: node,
            windows: windows,
            countsPadding: false,
            reduction: .power(power)
        ).lower(into: &plan)
    }
}

/// The mean of each channel: [N, C, H, W] to [N, C, 1, 1], or [N, C, L] to [N, C, 1].
struct GlobalAveragePool: PlainOperator {
    static let name = "GlobalAveragePool"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerGlobalPool(node, .average, into: &plan)
    }
}

/// The maximum of each channel: [N, C, H, W] to [N, C, 1, 1], or [N, C, L] to [N, C, 1].
struct GlobalMaxPool: PlainOperator {
    static let name = "GlobalMaxPool"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerGlobalPool(node, .maximum, into: &plan)
    }
}

/// (Σ |x|^p)^(1/p) of each channel, [N, C, H, W] to [N, C, 1, 1] or [N, C, L] to [N, C, 1]; p is 2 unless given.
struct GlobalLpPool: Operator {
    static let name = "GlobalLpPool"
    private let power: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        power = try attributes.power()
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerGlobalPool(node, .power(power), into: &plan)
    }
}

/// One window as large as the image.
private func lowerGlobalPool(
    _ node: Node,
    _ reduction: WindowReduction,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let shape = try plan.inputShape(node, 0)
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

extension AttributeReader {
    /// The p of an Lp pooling.
    fileprivate mutating func power() throws(ModelError) -> Int {
        let power = try int("p", default: 2)
        guard (1...64).contains(power) else { throw mismatch("p", "1 to 64", .int(power)) }
        return power
    }
}

/// Adds a pooling step over blocks of channels.
private struct WindowPooling {
    let node: Node
    let windows: Windows
    let countsPadding: Bool
    let reduction: WindowReduction

    /// A second or two of a core.
    private static let mostTaps = 0x1p34

    /// Windows of so few elements end as soon as their image does.
    private static let usualWindow = 1 << 12

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        let image = try node.imageShape(plan.shape(of: input), axisCount: windows.axisCount)
        guard let kernel = windows.kernel else {
            throw .invalidAttribute(
                node: node.name,
                attribute: "kernel_shape",
                expected: "a size for each axis",
                got: "none"
            )
        }
        let (rows, columns) = try windows.axes(
            node,
            kernel: kernel,
            height: image.height,
            width: image.width
        )
        let taps = Double(kernel[0] * rows.output) * Double(kernel[1] * columns.output)
        guard
            kernel[0] * kernel[1] <= Self.usualWindow
                || taps * Double(image.count * image.channels) < Self.mostTaps
        else {
            throw .shape(node: node.name, reason: "its windows have too many elements for one step")
        }
        let source = try plan.value(input, as: .blocked)
        let output = try plan.define(
            node.outputs[0],
            image.result(channels: image.channels, height: rows.output, width: columns.output),
            .blocked
        )
        let (kernels, reduction) = (plan.kernels, reduction)
        let geometry = geometry(rows, columns)
        plan.blockStep(
            node.name,
            images: image.count,
            blocks: blocks(of: image.channels),
            from: source,
            to: output
        ) { from, to in
            var placed = geometry
            (placed.inputPlane, placed.inputRow) = (from.plane, from.row)
            (placed.outputPlane, placed.outputRow) = (to.plane, to.row)
            return { [placed] input, output, block in
                kernels.pool(
                    reduction,
                    placed,
                    input: input,
                    output: output,
                    blocks: block..<block + 1
                )
                if case .power(let power) = reduction, power > 2 {
                    takeRoots(power, placed, output + block * to.plane)
                }
            }
        }
    }

    /// The windows without the strides, which are known once values have their places.
    private func geometry(_ rows: Windows.Axis, _ columns: Windows.Axis) -> PoolGeometry {
        var geometry = PoolGeometry()
        (geometry.inputHeight, geometry.inputWidth) = (rows.input, columns.input)
        (geometry.kernelHeight, geometry.kernelWidth) = (rows.kernel, columns.kernel)
        (geometry.strideHeight, geometry.strideWidth) = (rows.stride, columns.stride)
        (geometry.dilationHeight, geometry.dilationWidth) = (rows.dilation, columns.dilation)
        (geometry.padTop, geometry.padLeft) = (rows.padBegin, columns.padBegin)
        (geometry.padBottom, geometry.padRight) = (rows.padEnd, columns.padEnd)
        (geometry.outputHeight, geometry.outputWidth) = (rows.output, columns.output)
        geometry.countIncludePad = countsPadding ? 1 : 0
        return geometry
    }
}

/// The p-th root of every element of one block.
private func takeRoots(_ power: Int, _ geometry: PoolGeometry, _ block: FloatPosition) {
    for row in 0..<geometry.outputHeight {
        let start = block + row * geometry.outputRow
        for index in 0..<geometry.outputWidth * 16 {
            start[index] = pow(start[index], 1 / Float(power))
        }
    }
}
