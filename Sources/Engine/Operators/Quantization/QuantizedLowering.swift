import Compute
import Graph

/// Constants of 8 bits and their zero points: one, or one for each output.
struct ByteWeights {
    /// Tells them from others in the store of weights.
    let name: String
    let integer: (_ index: Int) -> Int
    let shape: [Int]
    let zeros: [Int]

    func zero(_ output: Int) -> Int { zeros[zeros.count == 1 ? 0 : output] }
}

extension PlanBuilder {
    /// The scale and zero point of one number each that follow a quantised value among a node's inputs.
    ///
    /// `type` is that of the bytes, where it does not follow from the zero point.
    func byteSteps(
        _ node: Node,
        scale: Int,
        zero: Int,
        type: ElementType?
    ) throws(ModelError) -> ByteSteps {
        let offset = zero < node.inputs.count && !node.inputs[zero].isEmpty
        guard let scales = constant(node, scale)?.floats, scales.count == 1 else {
            throw .shape(node: node.name, reason: "plans take one scale, a constant of float32")
        }
        let zeros = offset ? constant(node, zero) : nil
        let own = type ?? zeros?.type ?? .uint8
        guard !offset || zeros?.count == 1 && zeros?.type == own,
            own == .int8 || own == .uint8,
            let number = offset ? zeros?.elements.signed?.first : 0
        else {
            throw .shape(node: node.name, reason: "plans take one zero point, a constant of 8 bits")
        }
        return ByteSteps(scale: scales[0], zero: number, type: own)
    }

    /// An operand of bytes.
    mutating func byteInput(_ node: Node, _ index: Int) throws(ModelError) -> ValueID {
        guard let id = try optionalTyped(node, index), [.int8, .uint8].contains(self[id].type)
        else {
            throw .shape(node: node.name, reason: "plans compute \(node.op) with bytes alone")
        }
        return id
    }

    /// A constant of 8 bits among a node's inputs, and its zero points: one, or one for each slice.
    func byteWeights(
        _ node: Node,
        _ index: Int,
        zero: Int,
        outputs: (Tensor) -> Int
    ) throws(ModelError) -> ByteWeights {
        guard let weights = constant(node, index) else {
            throw .shape(node: node.name, reason: "its weights must be constants of 8 bits")
        }
        let integer: (Int) -> Int
        switch weights.elements {
        case .int8(let values): integer = { Int(values[$0]) }
        case .uint8(let values): integer = { Int(values[$0]) }
        default: throw .shape(node: node.name, reason: "its weights must be constants of 8 bits")
        }
        var zeros = [0]
        if zero < node.inputs.count, !node.inputs[zero].isEmpty {
            guard let given = constant(node, zero)?.elements.signed,
                given.count == 1 || given.count == outputs(weights),
                given.allSatisfy(weights.type.integerRange.contains)
            else {
                throw .shape(node: node.name, reason: "the weights' zero points must be constants")
            }
            zeros = given
        }
        let zeroName = zero < node.inputs.count ? node.inputs[zero] : ""
        return ByteWeights(
            name: "integers/\(node.inputs[index])/\(zeroName)",
            integer: integer,
            shape: weights.shape.dimensions,
            zeros: zeros
        )
    }

    /// The zero point of an input of ConvInteger or MatMulInteger.
    mutating func inputZero(
        _ node: Node,
        _ index: Int,
        of type: ElementType
    ) throws(ModelError) -> IntegerLayer.Zero {
        guard index < node.inputs.count, !node.inputs[index].isEmpty else { return .known(0) }
        if let constant = constant(node, index) {
            guard constant.count == 1, let zero = constant.elements.signed?.first,
                type.integerRange.contains(zero)
            else { throw .shape(node: node.name, reason: "plans take one zero point") }
            return .known(zero)
        }
        let zero = try byteInput(node, index)
        guard shape(of: zero).count == 1, self[zero].type == type else {
            throw .shape(node: node.name, reason: "plans take one zero point")
        }
        return .value(try value(zero, as: .dense))
    }
}

/// The inputs of ConvInteger and MatMulInteger, whose sums stay integers, and of QLinearConv and QLinearMatMul.
struct QuantizedInputs {
    let input: ValueID
    let weights: ByteWeights
    let zero: IntegerLayer.Zero
    let result: IntegerLayer.Result
    let numbers: IntegerNumbers

    /// `outputs` says how many the shape of the weights has.
    init(
        _ node: Node,
        into plan: inout PlanBuilder,
        outputs: (Shape) -> Int
    ) throws(ModelError) {
        let isLinear = ["QLinearConv", "QLinearMatMul"].contains(node.op)
        input = try plan.byteInput(node, 0)
        let type = plan[input].type
        weights = try plan.byteWeights(
            node,
            isLinear ? 3 : 1,
            zero: isLinear ? 5 : 3,
            outputs: { outputs($0.shape) }
        )
        guard isLinear else {
            zero = try plan.inputZero(node, 2, of: type)
            result = .sums
            numbers = IntegerNumbers(bias: [0], scale: [1], addend: [0])
            return
        }
        let x = try plan.byteSteps(node, scale: 1, zero: 2, type: type)
        let y = try plan.byteSteps(node, scale: 6, zero: 7, type: nil)
        zero = .known(x.zero)
        result = .quantized(y, range: y.type.integerRange)
        numbers = try plan.linearNumbers(
            node,
            x,
            y,
            weights: 4,
            bias: 8,
            outputs: outputs(Shape(weights.shape))
        )
    }
}

/// ConvInteger, QLinearConv, and convolutions between DequantizeLinear and QuantizeLinear.
struct QuantizedConvolution {
    let node: Node
    let windows: Windows
    let groups: Int

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let given = try QuantizedInputs(node, into: &plan) { $0.dimensions.first ?? 0 }
        try lower(
            given.input,
            given.weights,
            zero: given.zero,
            given.result,
            numbers: given.numbers,
            into: &plan
        )
    }

    /// `weights` are integers [O, I/groups, …] with their zero points.
    func lower(
        _ input: ValueID,
        _ weights: ByteWeights,
        zero: IntegerLayer.Zero,
        _ result: IntegerLayer.Result,
        numbers: IntegerNumbers,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let shape = plan.shape(of: input)
        let image = try node.imageShape(shape, axisCount: windows.axisCount)
        let sizes = weights.shape
        guard sizes.count == shape.rank, (3...4).contains(sizes.count), groups >= 1,
            sizes[0] % groups == 0, image.channels == sizes[1] * groups, sizes[0] > 0, sizes[1] > 0
        else {
            throw .shape(
                node: node.name,
                reason: "kernels \(Shape(sizes)) do not fit the input \(shape)"
            )
        }
        let kernel = sizes.count == 3 ? [1, sizes[2]] : [sizes[2], sizes[3]]
        guard windows.kernel.map({ $0 == kernel }) ?? true else {
            throw .shape(node: node.name, reason: "kernel_shape is not that of the kernels")
        }
        let (rows, columns) = try windows.axes(
            node,
            kernel: kernel,
            height: image.height,
            width: image.width
        )
        let taps = kernel[0] * kernel[1]
        let lines =
            groups > 1
            ? nil
            : KernelLines(
                rows: rows,
                columns: columns,
                channels: image.channels,
                images: image.count
            )
        let size = IntegerWeights.Size(
            outputs: sizes[0],
            taps: lines?.weights.taps ?? taps,
            channels: lines?.weights.channels ?? sizes[1],
            groups: groups
        )
        let mostBytes = plan.largest
        let orders = IntegerWeights.Orders(
            fours: plan.kernels.multipliesFours,
            squares: plan.kernels.multipliesSquares && lines == nil && groups == 1
                && IntegerSquares.take(rows, columns, size)
        )
        // Where the weight of a tap and a channel is among those of an output.
        let sources = (0..<size.taps * size.channels).map { index in
            let (tap, channel) = index.quotientAndRemainder(dividingBy: size.channels)
            let own = lines?.place(tap: tap, channel: channel) ?? (tap: tap, channel: channel)
            return own.channel * taps + own.tap
        }
        let form = "\(groups)/\(size.taps)\(orders.squares ? "/squares" : "")"
        let packed = try plan.weights.integers("\(weights.name)/\(form)") {
            () throws(ModelError) in
            try IntegerWeights(
                size,
                node: node,
                mostBytes: mostBytes,
                orders: orders
            ) { output, tap, channel in
                weights.integer(output * sources.count + sources[tap * size.channels + channel])
                    - weights.zero(output)
            }
        }
        let layer = IntegerLayer(
            node: node,
            weights: packed,
            zero: zero,
            inputType: plan[input].type,
            result: result,
            bias: numbers.bias,
            scale: numbers.scale,
            addend: numbers.addend
        )
        let places = BytePlaces(rows: rows, columns: columns, channels: image.channels)
        try places.checkCount(images: image.count, node)
        try IntegerConvolution(
            layer: layer,
            places: places,
            lines: lines,
            images: image.count,
            shape: image.result(channels: sizes[0], height: rows.output, width: columns.output)
        ).lower(input, into: &plan)
    }
}

/// What is added to each output's sum, what the sum is multiplied by, and what is added then: one of each, or lists.
struct IntegerNumbers {
    var bias: [Int]
    var scale: [Float]
    var addend: [Float]
}

extension PlanBuilder {
    /// Factors x · w / y of QLinearConv and QLinearMatMul, and a bias of int32.
    func linearNumbers(
        _ node: Node,
        _ x: ByteSteps,
        _ y: ByteSteps,
        weights: Int,
        bias: Int,
        outputs: Int
    ) throws(ModelError) -> IntegerNumbers {
        guard let scales = constant(node, weights)?.floats,
            scales.count == 1 || scales.count == outputs
        else {
            throw .shape(node: node.name, reason: "the scales of the weights must be constants")
        }
        var biases = [0]
        if bias < node.inputs.count, !node.inputs[bias].isEmpty {
            guard let given = constant(node, bias), given.type == .int32,
                given.count == outputs, let values = given.elements.signed
            else { throw .shape(node: node.name, reason: "the bias must be a constant of int32") }
            biases = values
        }
        return IntegerNumbers(
            bias: biases,
            scale: scales.map { x.scale * $0 / y.scale },
            addend: [0]
        )
    }
}
