import Compute
import Graph

/// Parts of matrices, and matrices of ones on a diagonal.
enum Triangles {
    static let operators: [any Operator.Type] = [Trilu.self, EyeLike.self]
}

/// The upper or lower triangle of matrices, zeros elsewhere.
struct Trilu: Operator {
    static let name = "Trilu"
    private let isUpper: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isUpper = try attributes.flag("upper", default: true)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        guard shape.rank >= 2, shape.count > 0 else {
            throw .shape(node: node.name, reason: "Trilu needs matrices")
        }
        var diagonal = 0
        if node.inputs.count > 1, !node.inputs[1].isEmpty {
            guard let given = plan.constant(node, 1)?.elements.signed, given.count == 1 else {
                throw .shape(node: node.name, reason: "Trilu is planned with a constant diagonal")
            }
            diagonal = given[0]
        }
        let (height, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
        diagonal = min(max(diagonal, -height - columns), height + columns)
        let (width, isUpper, first) = (plan[source].width, isUpper, diagonal)
        let output = try plan.define(node.outputs[0], shape, .dense, type: plan[source].type)
        let parts = Stretches(shape.count / columns, least: 32768 / columns, unit: 1)
        plan.step(node.name, chunks: parts.chunks, reads: [source], writes: [output], isExact: true)
        { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                for row in parts[chunk] {
                    let x = from.position(in: arena).bytes + row * columns * width
                    let y = to.position(in: arena).bytes + row * columns * width
                    // Upper: the columns from here on; lower: those before.
                    let edge = row % height + first + (isUpper ? 0 : 1)
                    let cut = min(max(edge, 0), columns) * width
                    let end = columns * width
                    if isUpper {
                        y.clear(bytes: cut)
                        (y + cut).copy(from: x + cut, bytes: end - cut)
                    } else {
                        y.copy(from: x, bytes: cut)
                        (y + cut).clear(bytes: end - cut)
                    }
                }
            }
        }
    }
}

/// Ones on a diagonal of a matrix of the input's shape.
struct EyeLike: Operator {
    static let name = "EyeLike"
    private let type: ElementType?
    private let diagonal: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        type = try attributes.type("dtype")
        diagonal = try attributes.int("k", default: 0)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        let type = type ?? plan[source].type
        guard shape.rank == 2, type.kind != nil, shape.count <= 1 << 20 else {
            throw .shape(node: node.name, reason: "EyeLike of \(shape) \(type.rawValue)")
        }
        let (columns, diagonal) = (shape[1], diagonal)
        let ones = (0..<shape.count).map { $0 % columns - $0 / columns == diagonal ? 1 : 0 }
        guard
            let elements = Tensor.Elements(ones, as: type)
                ?? Tensor.Elements(ones.map { Double($0) }, as: type)
        else { throw .shape(node: node.name, reason: "EyeLike of \(type.rawValue)") }
        _ = try plan.constantValue(node.outputs[0], Tensor(shape: shape, elements: elements))
    }
}
