/// The sliding-window attributes that convolutions and poolings share.
///
/// Lists for one spatial axis, of a series [N, C, L], are kept as those of an image of one row.
package struct Windows: Sendable {
    enum AutoPad: String {
        case explicit = "NOTSET"
        case sameUpper = "SAME_UPPER"
        case sameLower = "SAME_LOWER"
        case valid = "VALID"
    }

    /// One spatial axis laid out for a given input size.
    package struct Axis: Sendable {
        package let input: Int
        package let output: Int
        package let padBegin: Int
        package let padEnd: Int
        package let kernel: Int
        package let stride: Int
        package let dilation: Int

        /// Padding after the last element that windows really reach; may be less than asked for.
        package var reachedEnd: Int {
            max(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - padBegin - input)
        }
    }

    /// Spatial axes as the lists count them; nil if no list is given.
    package let axisCount: Int?
    package private(set) var kernel: [Int]?
    package private(set) var strides: [Int]
    package private(set) var dilations: [Int]
    package private(set) var pads: [Int]
    let autoPad: AutoPad
    let ceilMode: Bool

    package init(_ attributes: inout AttributeReader, ceils: Bool) throws(ModelError) {
        var lists = WindowLists()
        kernel = try lists.take("kernel_shape", from: &attributes, most: 1 << 30)
        strides = try lists.take("strides", from: &attributes) ?? [1, 1]
        dilations = try lists.take("dilations", from: &attributes) ?? [1, 1]
        pads = try lists.takePads(from: &attributes) ?? [0, 0, 0, 0]
        axisCount = lists.axisCount
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

    /// The same windows with rows for columns.
    package var turned: Windows {
        var windows = self
        windows.kernel = kernel.map { [$0[1], $0[0]] }
        windows.strides = [strides[1], strides[0]]
        windows.dilations = [dilations[1], dilations[0]]
        windows.pads = [pads[1], pads[0], pads[3], pads[2]]
        return windows
    }

    /// Rows and columns for an input of `height` by `width`.
    ///
    /// - Throws: `shape` naming the layer, the input and the kernel if no window fits.
    package func axes(
        _ node: Node,
        kernel: [Int],
        height: Int,
        width: Int
    ) throws(ModelError) -> (rows: Axis, columns: Axis) {
        let rows = axis(0, kernel: kernel[0], input: height)
        let columns = axis(1, kernel: kernel[1], input: width)
        guard rows.output > 0, columns.output > 0 else {
            let reason =
                axisCount == 1
                ? "a window of \(kernel[1]) does not fit into a series of \(width) steps "
                    + "with padding \([pads[1], pads[3]])"
                : "a \(kernel[0])×\(kernel[1]) window does not fit into an input of "
                    + "\(height)×\(width) with padding \(pads)"
            throw .shape(node: node.name, reason: reason)
        }
        let (taps, overflow) = (rows.kernel * rows.output)
            .multipliedReportingOverflow(by: columns.kernel * columns.output)
        guard !overflow, taps <= Self.mostTaps else {
            throw .shape(
                node: node.name,
                reason: "\(kernel[0])×\(kernel[1]) windows over \(height)×\(width) are too many"
            )
        }
        return (rows, columns)
    }

    /// Taps of all windows of a plane, padding included: far beyond what memory lets be computed.
    private static let mostTaps = 1 << 40

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
