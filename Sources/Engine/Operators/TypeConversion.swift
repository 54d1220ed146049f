import Compute
import Graph

/// Numbers and truth values of one type as another.
enum TypeConversion {
    static let operators: [any Operator.Type] = [PlannedCast.self, PlannedCastLike.self]
}

/// To the type that an attribute names.
struct PlannedCast: Operator {
    static let name = "Cast"
    private let type: ElementType

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        // Both say how to round to types of 8 bits, which are not supported.
        _ = try attributes.int("saturate", default: 1)
        _ = try attributes.string("round_mode", default: "up")
        guard let type = try attributes.type("to") else {
            throw attributes.mismatch("to", "an element type", .string("nothing"))
        }
        self.type = type
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let source = try plan.optionalTyped(node, 0) else {
            throw .shape(node: node.name, reason: "input 0 of Cast is missing")
        }
        if plan[source].type == type {
            _ = try plan.alias(node.outputs[0], of: source, shape: plan.shape(of: source))
        } else {
            _ = try plan.converted(source, to: type, for: node, as: node.outputs[0])
        }
    }
}

/// To the type of the second input.
struct PlannedCastLike: Operator {
    static let name = "CastLike"

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        _ = try attributes.int("saturate", default: 1)
        _ = try attributes.string("round_mode", default: "up")
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let (source, like) = (try plan.typed(node, 0), try plan.typed(node, 1))
        _ = try plan.converted(source, to: plan[like].type, for: node, as: node.outputs[0])
    }
}
