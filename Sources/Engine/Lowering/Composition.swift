import Graph

/// An operator in terms of others, which a plan takes one after the other.
struct Composition {
    private let node: Node
    private var made = 0

    init(_ node: Node) { self.node = node }

    /// Adds a node; its value, which is the operator's own result if it is the last.
    @discardableResult
    mutating func add(
        _ op: String,
        _ inputs: [String],
        _ attributes: [String: Attribute] = [:],
        isLast: Bool = false,
        to plan: inout PlanBuilder
    ) throws(ModelError) -> String {
        let output = isLast ? node.outputs[0] : next()
        var part = Node(name: node.name, op: op, inputs: inputs, outputs: [output])
        part.attributes = attributes
        try plan.lower(part)
        return output
    }

    mutating func number(_ value: Float, in plan: inout PlanBuilder) -> String {
        constant(Tensor(shape: [], floats: [value]), in: &plan)
    }

    mutating func list(_ integers: [Int], in plan: inout PlanBuilder) -> String {
        constant(Tensor(shape: [integers.count], integers: integers), in: &plan)
    }

    private mutating func constant(_ tensor: Tensor, in plan: inout PlanBuilder) -> String {
        let name = next()
        plan.graph.constants[name] = tensor
        return name
    }

    private mutating func next() -> String {
        made += 1
        return "\(node.outputs[0])/\(made)"
    }
}
