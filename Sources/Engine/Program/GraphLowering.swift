import Compute
package import Graph

extension PlanBuilder {
    /// Defines the graph's inputs, then lets every node lower itself; returns the inputs.
    package mutating func lowerAll(inputs: [String: Shape]) throws(ModelError) -> [ValueID] {
        var ids: [ValueID] = []
        for input in graph.inputs {
            let expected =
                "[" + input.dimensions.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
                + "]"
            guard let shape = inputs[input.name] else {
                throw .unknownInput(input.name, available: inputs.keys.sorted())
            }
            let fits =
                shape.rank == input.dimensions.count
                && zip(shape.dimensions, input.dimensions).allSatisfy { $0 >= 1 && $1 ?? $0 == $0 }
            guard fits else {
                throw .inputShape(name: input.name, expected: expected, got: shape)
            }
            ids.append(try define(input.name, shape, .dense, type: input.type))
        }
        for node in graph.nodes {
            try lower(node)
        }
        return ids
    }
}
