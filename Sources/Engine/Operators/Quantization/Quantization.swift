import Graph

extension Families {
    static let quantizations: [String: DeclaredOperator] = [
        "QuantizeLinear": .init(Quantised.self, takes: 2...3, gives: 1...1),
        "DequantizeLinear": .init(Dequantised.self, takes: 2...3, gives: 1...1),
        "DynamicQuantizeLinear": .init(DynamicallyQuantised.self, takes: 1...1, gives: 1...3),
        "MatMulInteger": .init(QuantizedProduct.self, takes: 2...4, gives: 1...1),
        "QLinearMatMul": .init(QuantizedProduct.self, takes: 8...8, gives: 1...1),
    ]
}

/// How scales and zero points lie along a tensor: one for all, one per slice of an axis, or one per block.
struct QuantisationLayout {
    let axis: Int
    let blockSize: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 1)
        blockSize = try attributes.int("block_size", default: 0, in: 0...1 << 40)
    }

    /// For every element, the index of its scale.
    func places(_ operands: Operands, _ shape: Shape, _ scale: Shape) throws(ModelError) -> [Int] {
        if scale.count == 1, blockSize == 0 { return Array(repeating: 0, count: shape.count) }
        let axis = try operands.axis(axis, rank: shape.rank)
        let size = shape.dimensions
        let inner = size[(axis + 1)...].reduce(1, *)
        if blockSize == 0 {
            guard scale.rank == 1, scale[0] == size[axis] else {
                throw operands.fail("scales \(scale) do not fit axis \(axis) of \(shape)")
            }
            return (0..<shape.count).map { $0 / inner % size[axis] }
        }
        var blocks = size
        blocks[axis] = (size[axis] + blockSize - 1) / blockSize
        guard scale.dimensions == blocks else {
            throw operands.fail("scales \(scale) do not fit blocks of \(blockSize) of \(shape)")
        }
        return (0..<shape.count).map { place in
            let along = place / inner % size[axis] / blockSize
            return (place / (inner * size[axis]) * blocks[axis] + along) * inner + place % inner
        }
    }
}

struct Quantised: PlannedOperator {
    fileprivate let layout: QuantisationLayout
    fileprivate let type: ElementType?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        layout = try QuantisationLayout(&attributes)
        _ = try attributes.flag("saturate", default: true)
        let number = try attributes.int("output_dtype", default: 0)
        type = ElementType(onnx: number)
        guard number == 0 || type?.isInteger == true else {
            throw attributes.mismatch(
                "output_dtype",
                "an integer type that is supported",
                .int(number)
            )
        }
        let precision = try attributes.int("precision", default: 0)
        guard [0, 1, 11].contains(precision) else {
            throw attributes.mismatch("precision", "float32 or float64", .int(precision))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, scale) = (try operands(0), try operands(1))
        guard let values = input.elements.doubles, let scales = scale.elements.doubles else {
            throw operands.unfit(input.type)
        }
        let zero = operands.optional(2)
        if let form = zero?.small?.form {
            throw operands.fail("quantising to \(form.bits) bits is not supported")
        }
        let type = zero?.type ?? self.type ?? .uint8
        guard type.isInteger, zero.map({ $0.count == scales.count }) ?? true else {
            throw operands.fail("the zero point does not fit the scale")
        }
        let zeros = zero?.elements.signed
        let places = try layout.places(operands, input.shape, scale.shape)
        let result = values.indices.map { index in
            // Division in float32, as the scale is given.
            let ratio = Float(values[index]) / Float(scales[places[index]])
            return Double(ratio).quantised(type, zeros?[places[index]] ?? 0)
        }
        return [try operands.result(input.shape.dimensions, result, type)]
    }
}

extension Quantised {
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        let steps = try plan.byteSteps(node, scale: 1, zero: 2, type: nil)
        guard layout.blockSize == 0, type == nil || type == steps.type,
            plan.constant(node, 2)?.small == nil
        else {
            throw .shape(node: node.name, reason: "plans quantise by one scale, to 8 bits")
        }
        try plan.quantized(node, input, steps)
    }
}

struct Dequantised: PlannedOperator {
    fileprivate let layout: QuantisationLayout
    fileprivate let type: ElementType?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        layout = try QuantisationLayout(&attributes)
        let number = try attributes.int("output_dtype", default: 0)
        type = ElementType(onnx: number)
        guard number == 0 || type?.isFloat == true else {
            throw attributes.mismatch("output_dtype", "a type of floats", .int(number))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, scale) = (try operands(0), try operands(1))
        guard input.type.isInteger, let values = input.elements.doubles,
            let scales = scale.elements.doubles
        else { throw operands.unfit(input.type) }
        let zeros = operands.optional(2)?.elements.doubles
        guard zeros.map({ $0.count == scales.count }) ?? true else {
            throw operands.fail("the zero point does not fit the scale")
        }
        let places = try layout.places(operands, input.shape, scale.shape)
        let result = values.indices.map { index in
            (values[index] - (zeros?[places[index]] ?? 0)) * scales[places[index]]
        }
        return [try operands.result(input.shape.dimensions, result, type ?? scale.type)]
    }
}

extension Dequantised {
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.byteInput(node, 0)
        let steps = try plan.byteSteps(node, scale: 1, zero: 2, type: plan[input].type)
        guard layout.blockSize == 0, type ?? .float32 == .float32 else {
            throw .shape(node: node.name, reason: "plans dequantise by one scale, to float32")
        }
        try plan.dequantized(node, input, steps)
    }
}

extension QuantizedNumbers {
    /// What a DequantizeLinear makes of constants, as float32; nil where it does something else.
    init?(_ node: Node, constant: (_ index: Int) -> Tensor?) {
        let hasZeros = node.inputs.count > 2 && !node.inputs[2].isEmpty
        let zeros = hasZeros ? constant(2)?.elements.signed : nil
        var attributes = AttributeReader(node)
        guard node.op == "DequantizeLinear", let integers = constant(0),
            let scale = constant(1), scale.type == .float32, let scales = scale.floats,
            let made = try? Dequantised(&attributes),
            made.type ?? .float32 == .float32, hasZeros == (zeros != nil)
        else { return nil }
        var sizes = integers.shape.dimensions
        let (blockSize, given) = (made.layout.blockSize, made.layout.axis)
        let axis = given < 0 ? given + sizes.count : given
        if blockSize > 0 || scales.count > 1 {
            guard sizes.indices.contains(axis) else { return nil }
            if blockSize > 0 { sizes[axis] = (sizes[axis] + blockSize - 1) / blockSize }
            guard scale.shape.dimensions == (blockSize > 0 ? sizes : [sizes[axis]]) else {
                return nil
            }
        }
        self.init(
            integers: integers,
            scales: scales,
            zeros: zeros,
            axis: axis,
            blockSize: blockSize
        )
    }
}

/// To uint8, with a scale and zero point that hold the input's range and 0.
struct DynamicallyQuantised: PlannedOperator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let values = try operands.floats(0).map { Float($0) }
        let low = min(0, values.min() ?? 0)
        let high = max(0, values.max() ?? 0)
        let scale = high == low ? 1 : (high - low) / 255
        let zero = Int(saturating: Double(min(max(-low / scale, 0), 255).rounded(.toNearestOrEven)))
        let result = values.map { Double($0 / scale).quantised(.uint8, zero) }
        return [
            try operands.result(input.shape.dimensions, result, .uint8),
            Tensor(shape: [], floats: [scale]), try operands.result([], [zero], .uint8),
        ]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try plan.dynamicallyQuantized(node, plan.input(node, 0))
    }
}

/// MatMulInteger to int32, QLinearMatMul to the type of its result's zero point.
struct QuantizedProduct: PlannedOperator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let isScaled = operands.node.op == "QLinearMatMul"
        let (right, zeros) = isScaled ? (3, (2, 5)) : (1, (2, 3))
        let shapes = (try operands(0).shape.dimensions, try operands(right).shape.dimensions)
        let (sums, shape) = try operands.multiply(
            try operands.centred(0, zeroPoint: zeros.0, axis: max(shapes.0.count - 2, 0)),
            of: shapes.0,
            by: try operands.centred(right, zeroPoint: zeros.1, axis: shapes.1.count - 1),
            of: shapes.1
        )
        guard isScaled else { return [try operands.result(shape, sums, .int32)] }
        let (a, b) = (try operands.floats(1), try operands.floats(4))
        let (y, zero) = (try operands.floats(6), try operands(7))
        let (rows, columns) = (shape.dropLast().last ?? 1, shape.last ?? 1)
        guard a.count == 1 || a.count == rows, b.count == 1 || b.count == columns, y.count == 1,
            let offset = zero.elements.signed?.first
        else { throw operands.fail("scales and zero points do not fit") }
        let values = sums.indices.map { index in
            // In float32, as kernels multiply.
            let scale =
                Float(a[a.count == 1 ? 0 : index / columns % rows])
                * Float(b[b.count == 1 ? 0 : index % columns]) / Float(y[0])
            return Double(Float(sums[index]) * scale).quantised(zero.type, offset)
        }
        return [try operands.result(shape, values, zero.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try QuantizedMatrix(node: node).lower(into: &plan)
    }
}
