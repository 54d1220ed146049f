import Compute
import Graph

extension Families {
    static let joints: [String: DeclaredOperator] = [
        "Concat": .init(Concat.self, takes: 1 ... .max, gives: 1...1),
        "Split": .init(Parted.self, takes: 1...2, gives: 1 ... .max),
    ]
}

/// Parts side by side along an axis.
struct Concat: PlannedOperator {
    static var bytesPerInput: Int { 0 }
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        if attributes.opset < 4 {
            axis = try attributes.int("axis", default: 1)
            return
        }
        guard let axis = try attributes.optionalInt("axis") else {
            throw attributes.mismatch("axis", "an integer", .string("nothing"))
        }
        self.axis = axis
    }

    /// The result's sizes, the axis, and for each input where its elements begin among all, and how many of them lie
    /// together.
    func placement(
        _ operands: Operands
    ) throws(ModelError) -> (shape: [Int], axis: Int, parts: [(start: Int, width: Int)]) {
        let first = try operands(0)
        let axis = try operands.axis(axis, rank: first.shape.rank)
        var (shape, start) = (first.shape.dimensions, 0)
        shape[axis] = 0
        var parts: [(start: Int, width: Int)] = []
        for index in operands.tensors.indices {
            let part = try operands(index)
            var others = (part.shape.dimensions, first.shape.dimensions)
            guard others.0.count == others.1.count else {
                throw operands.fail("\(first.shape) and \(part.shape) differ in rank")
            }
            (others.0[axis], others.1[axis]) = (0, 0)
            guard others.0 == others.1 else {
                throw operands.fail("\(first.shape) and \(part.shape) differ beside axis \(axis)")
            }
            guard part.type == first.type else {
                throw operands.fail("the inputs of Concat differ in type")
            }
            parts.append((start, part.shape.dimensions[axis...].reduce(1, *)))
            start += part.count
            shape[axis] += part.shape[axis]
        }
        return (shape, axis, parts)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (shape, axis, parts) = try placement(operands)
        _ = try operands.count(shape)
        guard let all = Tensor.Elements(joining: operands.tensors.compactMap { $0?.elements })
        else { throw operands.unfit(try operands(0).type) }
        let outer = shape[..<axis].reduce(1, *)
        if outer == 1 { return [Tensor(shape: Shape(shape), elements: all)] }
        var sources: [Int] = []
        sources.reserveCapacity(all.count)
        for row in 0..<outer {
            for part in parts {
                sources.append(
                    contentsOf: part.start + row * part.width..<part.start + (row + 1) * part.width
                )
            }
        }
        return [Tensor(shape: Shape(shape), elements: all.picking(sources))]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let count = node.inputs.count
        if try lowerBlocks(node, into: &plan) { return }
        try regions(plan.shapeOperands(node, sources: count))
            .lower(node, sources: count, into: &plan)
    }

    /// Images in blocks of channels that each part fills stay so: whether that is what these are.
    private func lowerBlocks(
        _ node: Node,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> Bool {
        var parts: [ValueID] = []
        for index in node.inputs.indices {
            guard plan.constant(node, index) == nil, let id = try plan.optionalTyped(node, index),
                plan[id].layout == .blocked, plan[id].type == .float32
            else { return false }
            parts.append(id)
        }
        let (shape, axis, _) = try placement(plan.shapeOperands(node, sources: parts.count))
        guard axis == 1, Shape(shape).isUsual,
            parts.dropLast().allSatisfy({ plan.shape(of: $0)[1] % 16 == 0 })
        else { return false }
        let output = try plan.define(node.outputs[0], Shape(shape), .blocked)
        let image = try node.imageShape(Shape(shape))
        let perPart = parts.map { blocks(of: plan.shape(of: $0)[1]) }
        let all = perPart.reduce(0, +)
        // The part and its block that each block is.
        let sources = perPart.enumerated().flatMap { part, count in
            (0..<count).map { (part: part, block: $0) }
        }
        plan.step(
            node.name,
            chunks: image.count * all,
            reads: parts,
            writes: [output],
            isExact: true
        ) { [parts] placement in
            let (from, to) = (parts.map { placement[$0] }, placement[output])
            return { arena, chunk in
                let (index, block) = chunk.quotientAndRemainder(dividingBy: all)
                let source = sources[block]
                let place = from[source.part]
                let input =
                    place.position(in: arena) + index * place.image + source.block * place.plane
                let target = to.position(in: arena) + index * to.image + block * to.plane
                // Lines without a halo lie one after the other.
                let isWhole = place.row == to.row && to.row == image.width * 16
                let lines = isWhole ? 1 : image.height
                for row in 0..<lines {
                    (target + row * to.row).copy(
                        from: input + row * place.row,
                        count: image.height / lines * image.width * 16
                    )
                }
            }
        }
        return true
    }

    private func regions(_ operands: Operands) throws(ModelError) -> Moves {
        let (shape, axis, parts) = try placement(operands)
        let rows = shape[..<axis].reduce(1, *)
        let width = shape[axis...].reduce(1, *)
        var moves = Moves(shapes: [shape], pieces: [])
        var start = 0
        for (input, part) in parts.enumerated() {
            moves.pieces.append(
                Moves.Piece(
                    input: input,
                    sizes: [rows, part.width],
                    from: (0, [part.width, 1]),
                    to: (start, [width, 1])
                )
            )
            start += part.width
        }
        return moves
    }
}

/// Sizes are an attribute before opset 13, an input since; `num_outputs` since opset 18.
struct Parted: Viewing {
    private let axis: Int
    private let sizes: [Int]?
    private let count: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
        sizes = attributes.opset < 13 ? try attributes.ints("split") : nil
        count = attributes.opset >= 18 ? try attributes.optionalInt("num_outputs") : nil
    }

    func views(_ operands: Operands) throws(ModelError) -> [StridedView] {
        let input = try operands(0)
        var shape = input.shape.dimensions
        let axis = try operands.axis(axis, rank: shape.count)
        let outputs = count ?? operands.node.outputs.count
        guard outputs >= 1, outputs <= max(operands.node.outputs.count, 1) else {
            throw operands.fail("num_outputs is \(outputs)")
        }
        let given = try sizes.or(operands.optionalIntegers(1))
        // The last part is smaller where the parts are not equal.
        let size = (shape[axis] + outputs - 1) / max(outputs, 1)
        let parts = given ?? (0..<outputs).map { max(0, min(size, shape[axis] - $0 * size)) }
        guard parts.allSatisfy({ $0 >= 0 && $0 <= shape[axis] }),
            parts.reduce(0, +) == shape[axis], parts.count >= operands.node.outputs.count
        else { throw operands.fail("parts of \(parts) do not fit \(input.shape)") }
        let strides = rowMajorStrides(shape)
        var (start, views): (Int, [StridedView]) = (0, [])
        for part in parts {
            shape[axis] = part
            views.append(
                StridedView(
                    sizes: shape,
                    strides: strides,
                    offset: start * strides[axis],
                    shape: shape
                )
            )
            start += part
        }
        return views
    }
}
