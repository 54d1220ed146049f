import Graph

/// An operator that gives the same elements another name or shape.
protocol Renaming: PlannedOperator {}

extension Renaming {
    static var bytesPerInput: Int { 0 }

    /// To the shape that the definition gives; rows of a matrix keep their layout as long as the last axis stays.
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
            throw .shape(node: node.name, reason: "\(node.op) is planned with one output")
        }
        guard var source = try plan.optionalTyped(node, 0),
            let shape = try outputs(plan.shapeOperands(node)).first?.shape
        else { throw .shape(node: node.name, reason: "input 1 of \(node.op) is missing") }
        let keepsRows =
            plan[source].layout == .points
            && shape.dimensions.last == plan.shape(of: source).dimensions.last
        if !keepsRows, shape != plan.shape(of: source) {
            source = try plan.value(source, as: .dense)
        }
        _ = try plan.alias(node.outputs[0], of: source, shape: shape)
    }
}
