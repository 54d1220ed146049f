import Compute
import Graph
import KernelInterface

/// The nearest number that a type of 16 bits has: a cast to it where plans go on in float32.
struct Narrow: PlannedOperator {
    static let name = "striate.Narrow"
    private let function: ElementFunction
    private let type: ElementType

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        guard let type = try attributes.type("to"), [.float16, .bfloat16].contains(type) else {
            throw attributes.mismatch("to", "a type of 16 bits", .string("another"))
        }
        self.type = type
        function = ElementFunction(type == .float16 ? .half : .brainHalf)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        _ = try operands.count(input.shape.dimensions)
        guard let narrow = input.elements.converted(to: type)?.converted(to: .float32) else {
            throw operands.unfit(input.type)
        }
        return [Tensor(shape: input.shape, elements: narrow)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, function, into: &plan)
    }
}
