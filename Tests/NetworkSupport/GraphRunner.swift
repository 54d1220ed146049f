package import Compute
package import Engine
package import Graph

/// Runs a graph directly, with or without rewrites, on chosen kernels and workers.
package struct GraphRunner {
    package var kernels: KernelSet
    package var workers = Workers(count: 1)
    package var rewrites = true
    package var numerics = Numerics.precise

    package init(
        kernels: KernelSet,
        workers: Workers = Workers(count: 1),
        rewrites: Bool = true,
        numerics: Numerics = .precise
    ) {
        self.kernels = kernels
        self.workers = workers
        self.rewrites = rewrites
        self.numerics = numerics
    }

    package struct Result {
        package let shape: Shape
        package let values: [Float]

        package init(shape: Shape, values: [Float]) {
            self.shape = shape
            self.values = values
        }
    }

    package func plan(
        _ graph: Graph,
        inputs: [String: Tensor],
        outputs: [String]
    ) throws(ModelError) -> Plan {
        var graph = graph.pruned(for: outputs)
        if rewrites { graph = try Rewrites.apply(to: graph, wanted: Set(outputs)) }
        var builder = PlanBuilder(
            graph: graph,
            operators: Operators.table,
            kernels: kernels,
            weights: WeightStore(),
            numerics: numerics
        )
        let ids = try builder.lowerAll(inputs: inputs.mapValues(\.shape))
        var ports: [(name: String, id: ValueID)] = []
        for name in outputs {
            guard let id = builder.id(named: name) else {
                throw .unknownLayer(name, available: [])
            }
            ports.append((name, try builder.value(id, as: .dense)))
        }
        return try builder.finish(
            inputs: ids,
            outputs: ports,
            memoryLimit: 1 << 30,
            on: workers
        )
    }

    package func run(
        _ graph: Graph,
        inputs: [String: Tensor],
        outputs: [String]
    ) throws(ModelError) -> [Result] {
        try run(plan(graph, inputs: inputs, outputs: outputs), inputs: inputs)
    }

    package func run(_ plan: Plan, inputs: [String: Tensor]) throws(ModelError) -> [Result] {
        try plan.run { access throws(ModelError) in
            for port in plan.inputs {
                guard let tensor = inputs[port.name] else { continue }
                if let integers = tensor.integers {
                    try access.withIntegers(port.name) { span throws(ModelError) in
                        for index in integers.indices { span[index] = integers[index] }
                    }
                } else if let floats = tensor.floats {
                    try access.withFloats(port.name) { span throws(ModelError) in
                        for index in floats.indices { span[index] = floats[index] }
                    }
                }
            }
        } read: { results throws(ModelError) in
            var read: [Result] = []
            for port in plan.outputs {
                let values = try results.withFloats(port.name) { span throws(ModelError) in
                    span.indices.map { span[$0] }
                }
                read.append(Result(shape: port.shape, values: values))
            }
            return read
        }
    }
}
