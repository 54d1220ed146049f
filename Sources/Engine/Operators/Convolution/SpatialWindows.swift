import Graph

/// The attributes of operators that slide windows over up to three spatial axes.
struct WindowAttributes: Sendable {
    let kernel: [Int]?
    let strides: [Int]?
    let dilations: [Int]?
    let pads: [Int]?
    let automatic: AutoPad
    private let ceils: Bool

    init(_ attributes: inout AttributeReader, ceils mayCeil: Bool) throws(ModelError) {
        kernel = try Self.sizes(&attributes, "kernel_shape", from: 1)
        strides = try Self.sizes(&attributes, "strides", from: 1)
        dilations = try Self.sizes(&attributes, "dilations", from: 1)
        pads = try Self.sizes(&attributes, "pads", from: 0)
        let word = try attributes.string("auto_pad", default: "NOTSET")
        guard let automatic = AutoPad(rawValue: word) else {
            throw attributes.mismatch("auto_pad", "one of ONNX's words", .string(word))
        }
        self.automatic = automatic
        ceils = mayCeil ? try attributes.flag("ceil_mode", default: false) : false
    }

    private static func sizes(
        _ attributes: inout AttributeReader,
        _ name: String,
        from minimum: Int
    ) throws(ModelError) -> [Int]? {
        guard let values = try attributes.ints(name) else { return nil }
        guard values.allSatisfy({ $0 >= minimum && $0 <= 1 << 30 }) else {
            throw attributes.mismatch(name, "integers from \(minimum)", .ints(values))
        }
        return values
    }

    /// One to three spatial axes, with a size of the kernel for each.
    private static func checkKernel(
        _ kernel: [Int],
        input: [Int],
        _ operands: Operands
    ) throws(ModelError) {
        guard (3...5).contains(input.count), kernel.count == input.count - 2,
            kernel.allSatisfy({ $0 >= 1 }), Shape(kernel).checkedCount ?? .max <= 1 << 40
        else { throw operands.fail("kernel \(kernel) does not fit the input \(Shape(input))") }
    }

    /// The windows over an input [N, C, …] by a kernel of these sizes.
    func axes(
        _ operands: Operands,
        input: [Int],
        kernel: [Int]
    ) throws(ModelError) -> [WindowAxis] {
        let rank = input.count - 2
        func list(_ given: [Int]?, _ standard: Int, _ times: Int = 1) throws(ModelError) -> [Int] {
            guard let given, !given.isEmpty else {
                return Array(repeating: standard, count: rank * times)
            }
            guard given.count == rank * times else {
                throw operands.fail("\(given) does not fit \(rank) spatial axes")
            }
            return given
        }
        try Self.checkKernel(kernel, input: input, operands)
        let (strides, dilations) = (try list(self.strides, 1), try list(self.dilations, 1))
        let pads = try list(self.pads, 0, 2)
        let axes = (0..<rank).map { axis in
            WindowAxis(
                input: input[axis + 2],
                padding: (pads[axis], pads[axis + rank]),
                automatic,
                kernel: kernel[axis],
                stride: strides[axis],
                dilation: dilations[axis],
                ceils: ceils
            )
        }
        _ = try operands.count(axes.map(\.output))
        return axes
    }

    /// The same for a transposed convolution: `axes` with the roles of input and output changed.
    func transposedAxes(
        _ operands: Operands,
        input: [Int],
        kernel: [Int],
        outputPadding: [Int]?,
        outputShape: [Int]?
    ) throws(ModelError) -> [WindowAxis] {
        let rank = input.count - 2
        try Self.checkKernel(kernel, input: input, operands)
        func list(_ given: [Int]?, _ standard: Int, _ times: Int = 1) throws(ModelError) -> [Int] {
            let values = given.flatMap { $0.isEmpty ? nil : $0 }
            guard values?.count ?? rank * times == rank * times else {
                throw operands.fail("\(values ?? []) does not fit \(rank) spatial axes")
            }
            return values ?? Array(repeating: standard, count: rank * times)
        }
        let (strides, dilations) = (try list(self.strides, 1), try list(self.dilations, 1))
        let (pads, extra) = (try list(self.pads, 0, 2), try list(outputPadding, 0))
        let wanted = outputShape.map { Array($0.suffix(rank)) }
        guard wanted.map({ $0.count == rank && $0.allSatisfy { $0 >= 0 } }) ?? true,
            extra.allSatisfy({ $0 >= 0 })
        else {
            throw operands.fail(
                "output_shape \(wanted ?? []) and output_padding \(extra) do not fit \(Shape(input))"
            )
        }
        var axes: [WindowAxis] = []
        for axis in 0..<rank {
            let reach = (kernel[axis] - 1) * dilations[axis] + 1
            let full = (input[axis + 2] - 1) * strides[axis] + reach + extra[axis]
            var padding = (begin: pads[axis], end: pads[axis + rank])
            var size = full - padding.begin - padding.end
            if automatic.isSame || wanted != nil {
                size = wanted?[axis] ?? input[axis + 2] * strides[axis]
                padding = automatic.divided(max(full - size, 0))
            } else if automatic == .valid {
                (padding, size) = ((0, 0), full)
            }
            guard size >= 0 else {
                throw operands.fail("pads \(pads) leave nothing of axis \(axis + 2)")
            }
            axes.append(
                WindowAxis(
                    input: size,
                    output: input[axis + 2],
                    padding: padding,
                    kernel: kernel[axis],
                    stride: strides[axis],
                    dilation: dilations[axis]
                )
            )
        }
        _ = try operands.count(axes.map(\.input))
        return axes
    }
}

extension WindowAxis {
    fileprivate static let single = WindowAxis(
        input: 1,
        output: 1,
        padding: (0, 0),
        kernel: 1,
        stride: 1,
        dilation: 1
    )
}

/// Three axes, those that are missing being of size one.
struct WindowVolume {
    let depth: WindowAxis
    let height: WindowAxis
    let width: WindowAxis
    let outputShape: [Int]
    let inputShape: [Int]

    init(_ axes: [WindowAxis]) {
        let all = Array(repeating: WindowAxis.single, count: 3 - axes.count) + axes
        (depth, height, width) = (all[0], all[1], all[2])
        outputShape = axes.map(\.output)
        inputShape = axes.map(\.input)
    }

    var inputs: Int { depth.input * height.input * width.input }
    var outputs: Int { depth.output * height.output * width.output }
    var taps: Int { depth.kernel * height.kernel * width.kernel }

    /// Visits the taps of every window that lie inside the input, and asks now and then whether to go on.
    func forEachTap(
        _ operands: Operands,
        _ body: (_ output: Int, _ tap: Int, _ input: Int) -> Void
    ) throws(ModelError) {
        var visited = 0
        try forEachWindow { (output, window) throws(ModelError) in
            forEachTap(at: window) { tap, input in
                body(output, tap, input)
                visited += 1
            }
            visited += 1
            if visited > 1 << 20 {
                try operands.poll()
                visited = 0
            }
        }
    }

    /// Taps of all windows that lie inside the input, or more.
    var work: Double {
        [depth, height, width].reduce(1) {
            $0 * Double(min($1.kernel, $1.input)) * Double($1.output)
        }
    }

    /// Visits every window: its number, and that along each axis.
    func forEachWindow<Failure: Error>(
        _ body: (_ output: Int, _ window: (Int, Int, Int)) throws(Failure) -> Void
    ) throws(Failure) {
        var output = 0
        for z in 0..<depth.output {
            for y in 0..<height.output {
                for x in 0..<width.output {
                    try body(output, (z, y, x))
                    output += 1
                }
            }
        }
    }

    private func forEachTap(
        at window: (Int, Int, Int),
        _ body: (_ tap: Int, _ input: Int) -> Void
    ) {
        for a in depth.taps(window.0) {
            let plane = depth.source(window.0, a)
            for b in height.taps(window.1) {
                let row = height.source(window.1, b)
                for c in width.taps(window.2) {
                    body(
                        (a * height.kernel + b) * width.kernel + c,
                        (plane * height.input + row) * width.input + width.source(window.2, c)
                    )
                }
            }
        }
    }
}
