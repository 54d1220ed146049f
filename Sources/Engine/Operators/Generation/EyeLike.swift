import Compute
import Graph

extension Families {
    static let eyes: [String: DeclaredOperator] = [
        "EyeLike": .init(EyeLike.self, takes: 1...1, gives: 1...1)
    ]
}

/// Ones on a diagonal of a matrix of the input's shape.
struct EyeLike: PlannedOperator {
    private let type: ElementType?
    private let diagonal: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        type = try attributes.type("dtype")
        diagonal = try attributes.int("k", default: 0)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let shape = input.shape.dimensions
        guard shape.count == 2 else { throw operands.fail("EyeLike needs a matrix") }
        let values = (0..<input.count).map { place in
            place % shape[1] - place / shape[1] == diagonal ? 1.0 : 0
        }
        return [try operands.result(shape, values, type ?? input.type)]
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
