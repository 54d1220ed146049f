import Compute
import Graph

extension PlanBuilder {
    /// An operand's numbers as int64, whatever they select.
    mutating func tokens(_ node: Node, _ index: Int) throws(ModelError) -> ValueID {
        try converted(typed(node, index), to: .int64, for: node)
    }

    /// What a recurrent layer reads: numbers, or indices of the `depth` rows of a table.
    ///
    /// Indices that a caller gives were looked at before; computed ones are by a step.
    mutating func sequence(
        _ node: Node,
        _ index: Int,
        depth: Int?
    ) throws(ModelError) -> ValueID {
        guard let count = depth else { return try input(node, index) }
        let isGiven = graph.inputs.contains { $0.name == node.inputs[index] }
        return try isGiven ? tokens(node, index) : indices(node, index, limits: [count])
    }
}

/// ONNX counts negative indices from the end.
func wrapped(_ index: Int, _ count: Int) -> Int {
    index < 0 ? index &+ count : index
}
