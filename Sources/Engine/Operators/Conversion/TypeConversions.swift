import Compute
import Graph

extension Families {
    static let conversions: [String: DeclaredOperator] = [
        "Cast": .init(Cast.self, takes: 1...1, gives: 1...1),
        "CastLike": .init(Cast.self, takes: 2...2, gives: 1...1),
        "BitCast": .init(BitCast.self, takes: 1...1, gives: 1...1),
        Narrow.name: .init(Narrow.self, takes: 1...1, gives: 1...1),
    ]
}

/// To the type of an attribute (Cast) or of the second input (CastLike).
struct Cast: PlannedOperator {
    private let type: ElementType?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        // Both say how to round to types of 8 bits, which are not supported.
        _ = try attributes.int("saturate", default: 1)
        _ = try attributes.string("round_mode", default: "up")
        guard attributes.op == "Cast" else {
            type = nil
            return
        }
        if attributes.opset < 6 {
            let name = try attributes.string("to", default: "")
            let old = ["FLOAT": "float32", "DOUBLE": "float64"][name] ?? name.lowercased()
            type = ElementType(rawValue: old)
        } else {
            type = try attributes.type("to")
        }
        guard type != nil else {
            throw attributes.mismatch("to", "an element type", .string("nothing"))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let type = try self.type.or(operands(1).type)
        // A text is an array of its own.
        _ = try operands.count(type == .string ? [input.count, 6] : [input.count])
        guard let elements = input.elements.converted(to: type) else {
            throw operands.fail("\(input.type.rawValue) cannot be cast to \(type.rawValue)")
        }
        return [Tensor(shape: input.shape, elements: elements)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let source = try plan.optionalTyped(node, 0) else {
            throw .shape(node: node.name, reason: "input 1 of \(node.op) is missing")
        }
        let type: ElementType
        if let wanted = self.type {
            type = wanted
        } else {
            let like = try plan.typed(node, 1)
            type = plan[like].type
        }
        if plan[source].type == type {
            _ = try plan.alias(node.outputs[0], of: source, shape: plan.shape(of: source))
        } else {
            _ = try plan.converted(source, to: type, for: node, as: node.outputs[0])
        }
    }
}

/// The same bits in another type of the same width.
struct BitCast: Operator {
    private let type: ElementType

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        guard let type = try attributes.type("to") else {
            throw attributes.mismatch("to", "an element type", .string("nothing"))
        }
        self.type = type
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let width = input.type.byteCount, width == type.byteCount else {
            throw operands.fail(
                "\(input.type.rawValue) and \(type.rawValue) differ in width"
            )
        }
        let bytes = input.elements.bytes
        return [Tensor(shape: input.shape, elements: Tensor.Elements(bytes: bytes, as: type))]
    }
}
