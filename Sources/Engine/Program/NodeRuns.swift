import Compute
import Graph

// Nodes that no plan takes are computed one by one.

extension ProgramRun {
    private func value(_ operand: Operand) throws(ModelError) -> Tensor? {
        switch operand {
        case .absent: nil
        case .value(let place): values[place]
        case .constant(let place): try program.constant(place, memory)
        }
    }

    mutating func evaluate(_ index: Int) throws(ModelError) {
        let prepared = program.nodes[index]
        var tensors: [Tensor?] = []
        for operand in prepared.inputs { tensors.append(try value(operand)) }
        var outer: [[Tensor?]] = []
        for inner in prepared.graphs {
            var captured: [Tensor?] = []
            for operand in inner.captured { captured.append(try value(operand)) }
            outer.append(captured)
        }
        let (memory, isCancelled) = (memory, isCancelled)
        if let repetition = Repetition(prepared, captured: outer, memory, isCancelled),
            let results = try repetition.run(tensors)
        {
            return try keep(results, of: prepared)
        }
        let context = EvaluationContext(memory: memory, isCancelled: isCancelled) {
            [outer] (attribute, given) throws(ModelError) in
            guard let index = prepared.graphs.firstIndex(where: { $0.name == attribute }),
                given.count == prepared.graphs[index].program.graph.inputs.count
            else {
                throw .shape(
                    node: prepared.node.name,
                    reason: "the graph \(attribute) takes other inputs"
                )
            }
            return try prepared.graphs[index].program.run(
                given,
                captured: outer[index],
                memory: memory,
                isCancelled: isCancelled
            )
        }
        let operands = Operands(node: prepared.node, tensors: tensors, context: context)
        let results = try prepared.evaluator.outputs(operands)
        program.note(evaluated: index, operands, results)
        try keep(results, of: prepared)
    }

    private mutating func keep(
        _ results: [Tensor],
        of prepared: PreparedNode
    ) throws(ModelError) {
        for (index, place) in prepared.outputs.enumerated() {
            guard let place else { continue }
            guard index < results.count else {
                throw .shape(
                    node: prepared.node.name,
                    reason: "\(prepared.node.op) has no output \(index)"
                )
            }
            try hold(results[index], place)
        }
    }
}
