import Compute

/// The sliding-window attributes that convolutions and poolings share, for two spatial axes.
struct Windows: Sendable {
    enum AutoPad: String {
        case explicit = "NOTSET"
        case sameUpper = "SAME_UPPER"
        case sameLower = "SAME_LOWER"
        case valid = "VALID"
    }

    /// One spatial axis laid out for a given input size.
    struct Axis: Sendable {
        let input: Int
        let output: Int
        let padBegin: Int
        let padEnd: Int
        let kernel: Int
        let stride: Int
        let dilation: Int

        /// Padding after the last element that windows really reach; may be less than asked for.
        var reachedEnd: Int {
            max(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - padBegin - input)
        }
    }

    var kernel: [Int]?
    let strides: [Int]
    let dilations: [Int]
    let pads: [Int]
    let autoPad: AutoPad
    let ceilMode: Bool

    init(_ attributes: inout AttributeReader, ceils: Bool) throws(ModelError) {
        if let kernel = try attributes.ints("kernel_shape") {
            guard kernel.count == 2, kernel.allSatisfy({ $0 >= 1 && $0 <= 1 << 30 }) else {
                throw attributes.mismatch("kernel_shape", "two sizes from 1", .ints(kernel))
            }
            self.kernel = kernel
        }
        strides = try attributes.ints("strides", count: 2, minimum: 1, default: [1, 1])
        dilations = try attributes.ints("dilations", count: 2, minimum: 1, default: [1, 1])
        pads = try attributes.ints("pads", count: 4, minimum: 0, default: [0, 0, 0, 0])
        let name = try attributes.string("auto_pad", default: "NOTSET")
        guard let autoPad = AutoPad(rawValue: name) else {
            throw attributes.mismatch(
                "auto_pad",
                "NOTSET, SAME_UPPER, SAME_LOWER or VALID",
                .string(name)
            )
        }
        self.autoPad = autoPad
        ceilMode = ceils ? try attributes.flag("ceil_mode", default: false) : false
    }

    /// Rows and columns for an input of `height` by `width`.
    ///
    /// - Throws: `shape` naming the layer, the input and the kernel if no window fits.
    func axes(
        _ node: Node,
        kernel: [Int],
        height: Int,
        width: Int
    ) throws(ModelError) -> (rows: Axis, columns: Axis) {
        let rows = axis(0, kernel: kernel[0], input: height)
        let columns = axis(1, kernel: kernel[1], input: width)
        guard rows.output > 0, columns.output > 0 else {
            throw .shape(
                node: node.name,
                reason: "a \(kernel[0])×\(kernel[1]) window does not fit into an input of "
                    + "\(height)×\(width) with padding \(pads)"
            )
        }
        return (rows, columns)
    }

    private func axis(_ index: Int, kernel: Int, input: Int) -> Axis {
        let (stride, dilation) = (strides[index], dilations[index])
        let reach = (kernel - 1) * dilation + 1
        var (begin, end) = (pads[index], pads[index + 2])
        let output: Int
        switch autoPad {
        case .sameUpper, .sameLower:
            output = (input + stride - 1) / stride
            let total = max(0, (output - 1) * stride + reach - input)
            begin = autoPad == .sameUpper ? total / 2 : total - total / 2
            end = total - begin
        case .valid, .explicit:
            if autoPad == .valid { (begin, end) = (0, 0) }
            output = Self.count(
                input: input,
                begin: begin,
                end: end,
                reach: reach,
                stride: stride,
                ceil: ceilMode
            )
        }
        return Axis(
            input: input,
            output: output,
            padBegin: begin,
            padEnd: end,
            kernel: kernel,
            stride: stride,
            dilation: dilation
        )
    }

    private static func count(
        input: Int,
        begin: Int,
        end: Int,
        reach: Int,
        stride: Int,
        ceil: Bool
    ) -> Int {
        let room = input + begin + end - reach
        guard room >= 0, input > 0 else { return 0 }
        var output = (ceil ? (room + stride - 1) / stride : room / stride) + 1
        // ONNX: a window that would start in the end padding is dropped.
        if ceil, (output - 1) * stride >= input + begin { output -= 1 }
        return output
    }
}

extension Node {
    /// The four dimensions of an image input, or an error that says what came.
    func imageShape(
        _ shape: Shape
    ) throws(ModelError) -> (
        count: Int, channels: Int, height: Int, width: Int
    ) {
        guard shape.rank == 4 else {
            throw .shape(
                node: name,
                reason: "\(op) needs an input [N, C, H, W], but its input has shape \(shape)"
            )
        }
        return (shape[0], shape[1], shape[2], shape[3])
    }
}
