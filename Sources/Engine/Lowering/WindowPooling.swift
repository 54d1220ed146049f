import Compute
import Glibc
import Graph
import KernelInterface

/// Adds a pooling step over blocks of channels.
struct WindowPooling {
    let node: Node
    let windows: Windows
    let countsPadding: Bool
    let reduction: WindowReduction

    /// A second or two of a core.
    private static let mostTaps = 0x1p33

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
        // Of a window that is larger than the image only those inside are read.
        let window = (min(kernel[0], image.height), min(kernel[1], image.width))
        let taps = Double(window.0 * rows.output) * Double(window.1 * columns.output)
        guard
            window.0 * window.1 <= Self.usualWindow
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
