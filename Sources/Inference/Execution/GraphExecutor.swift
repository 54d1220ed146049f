import Compute
import Synchronization

/// Computes the values of a graph from tensors: islands by plans, the other nodes one by one.
///
/// Graphs inside of nodes have executors of their own.
final class GraphExecutor: Sendable {
    let graph: Graph
    private let nodes: [PreparedNode]
    private let tools: IslandTools
    private let islands = Mutex(IslandCache())
    /// Stored constants that nodes computed one by one have asked for.
    private let loaded = Mutex<[String: Tensor]>([:])

    /// Values of outer graphs that this one reads.
    let captured: [String]

    /// - Throws: `unsupported` with everything that is not supported, `shape` where a constant node is wrong.
    init(_ graph: Graph, tools: IslandTools) throws(ModelError) {
        let folded = ConstantFolding.apply(to: graph)
        self.graph = folded
        self.tools = tools
        var nodes: [PreparedNode] = []
        var problems: [ModelError] = []
        for node in folded.nodes {
            do throws(ModelError) {
                nodes.append(try PreparedNode(node, tools: tools))
            } catch {
                if case .unsupported(let inner) = error {
                    problems += inner
                } else {
                    problems.append(error)
                }
            }
        }
        guard problems.isEmpty else { throw .unsupported(problems) }
        self.nodes = nodes
        captured = Self.captured(folded, nodes)
    }

    private static func captured(_ graph: Graph, _ nodes: [PreparedNode]) -> [String] {
        var known = Set(graph.inputs.map(\.name)).union(graph.constants.keys)
        var result: [String] = []
        func read(_ name: String) {
            if !name.isEmpty, !known.contains(name), !result.contains(name) { result.append(name) }
        }
        for node in nodes {
            node.reads.forEach(read)
            known.formUnion(node.node.outputs)
        }
        graph.outputs.forEach(read)
        return result
    }

    /// The named values, of inputs and of what outer graphs computed.
    func run(
        _ inputs: [String: Tensor],
        outputs: [String],
        isCancelled: @escaping () -> Bool
    ) throws(ModelError) -> [Tensor] {
        var values = inputs
        var remaining = needed(for: outputs)[...]
        var lastUse: [String: Int] = [:]
        var looksForIsland = true
        while let first = remaining.first {
            if isCancelled() { throw .cancelled }
            if looksForIsland, let island = island(remaining, values, outputs) {
                try island.run(&values, isCancelled: isCancelled)
                remaining.removeAll { island.nodes.contains($0) }
                forget(&values, after: remaining, outputs)
                looksForIsland = false
                continue
            }
            try evaluate(nodes[first], &values, isCancelled)
            remaining.removeFirst()
            // A value that an island may begin with has just been made.
            looksForIsland = remaining.first.map { PlannedForm.begins(nodes[$0].node) } ?? false
            if lastUse.isEmpty { lastUse = self.lastUse(outputs) }
            for name in nodes[first].reads + nodes[first].node.outputs
            where lastUse[name] ?? first <= first {
                values.removeValue(forKey: name)
            }
        }
        var results: [Tensor] = []
        for name in outputs {
            guard let tensor = values[name] ?? graph.constants[name] else {
                throw .unknownLayer(name, available: graph.outputs)
            }
            results.append(try tensor.loaded())
        }
        return results
    }

    /// The last node that reads each value; outputs are read after all nodes.
    private func lastUse(_ outputs: [String]) -> [String: Int] {
        var result: [String: Int] = [:]
        for index in nodes.indices {
            for name in nodes[index].reads { result[name] = index }
        }
        for name in outputs { result[name] = nodes.count }
        return result
    }

    private func forget(
        _ values: inout [String: Tensor],
        after remaining: ArraySlice<Int>,
        _ outputs: [String]
    ) {
        let kept = Set(outputs).union(remaining.flatMap { nodes[$0].reads })
        values = values.filter { kept.contains($0.key) }
    }

    /// The island that begins with what remains, found once for these shapes.
    private func island(
        _ remaining: ArraySlice<Int>,
        _ values: [String: Tensor],
        _ outputs: [String]
    ) -> Island? {
        let key = IslandCache.Key(
            first: remaining.first ?? 0,
            outputs: outputs,
            shapes: values.mapValues(\.shape)
        )
        if let known = islands.withLock({ $0[key] }) { return known }
        var constants = graph.constants
        let items = OnnxPatterns.apply(
            remaining.map { index in
                OnnxPatterns.Item(
                    node: nodes[index].node,
                    covers: [index],
                    reads: nodes[index].reads
                )
            },
            constants: &constants,
            wanted: Set(outputs)
        )
        var builder = IslandBuilder(items, constants: constants, live: values, tools: tools)
        let made = builder.build(wanted: outputs)
        islands.withLock { $0.insert(made, for: key) }
        return made
    }

    /// The plan of all that `outputs` depend on, if one island holds it.
    func wholePlan(like inputs: [String: Tensor], outputs: [String]) -> Plan? {
        let nodes = needed(for: outputs)
        guard let island = island(nodes[...], inputs, outputs),
            island.nodes.isSuperset(of: nodes)
        else { return nil }
        return island.plan
    }

    /// The nodes that `outputs` depend on, in order.
    private func needed(for outputs: [String]) -> [Int] {
        var wanted = Set(outputs)
        return nodes.indices.reversed().filter { index in
            guard nodes[index].node.outputs.contains(where: wanted.contains) else { return false }
            wanted.formUnion(nodes[index].reads)
            return true
        }.reversed()
    }

    /// A constant, in memory from its first use on.
    private func constant(_ name: String) throws(ModelError) -> Tensor? {
        guard let constant = graph.constants[name], constant.isStored else {
            return graph.constants[name]
        }
        if let known = loaded.withLock({ $0[name] }) { return known }
        let tensor = try constant.loaded()
        loaded.withLock { $0[name] = tensor }
        return tensor
    }

    /// Leaves constants to be read again, after runs that say nothing of those to come.
    func forgetConstants() {
        loaded.withLock { $0 = [:] }
    }

    private func evaluate(
        _ prepared: PreparedNode,
        _ values: inout [String: Tensor],
        _ isCancelled: @escaping () -> Bool
    ) throws(ModelError) {
        var known: [String: Tensor] = [:]
        for name in prepared.reads {
            if let value = values[name] {
                known[name] = value
            } else {
                known[name] = try constant(name)
            }
        }
        func value(_ name: String) -> Tensor? { known[name] }
        let context = EvaluationContext(memoryLimit: tools.memoryLimit, isCancelled: isCancelled) {
            (attribute, given) throws(ModelError) in
            try prepared.run(attribute, given, value, isCancelled)
        }
        let operands = Operands(
            node: prepared.node,
            tensors: prepared.node.inputs.map { $0.isEmpty ? nil : value($0) },
            context: context
        )
        let results = try prepared.evaluator.evaluate(operands)
        for (index, name) in prepared.node.outputs.enumerated() where !name.isEmpty {
            guard index < results.count else {
                throw .shape(
                    node: prepared.node.name,
                    reason: "\(prepared.node.op) has no output \(index)"
                )
            }
            values[name] = results[index]
        }
    }
}

/// A node ready to be evaluated.
struct PreparedNode: Sendable {
    let node: Node
    let evaluator: any Evaluated
    let graphs: [String: GraphExecutor]
    /// Everything the node reads, graphs inside of it included.
    let reads: [String]

    init(_ node: Node, tools: IslandTools) throws(ModelError) {
        self.node = node
        var problems: [ModelError] = []
        var graphs: [String: GraphExecutor] = [:]
        for (name, attribute) in node.attributes.sorted(by: { $0.key < $1.key }) {
            guard case .graph(let graph) = attribute else { continue }
            do throws(ModelError) {
                graphs[name] = try GraphExecutor(graph, tools: tools.forAnotherGraph)
            } catch {
                problems.append(error)
            }
        }
        do throws(ModelError) {
            evaluator = try Evaluators.make(node)
        } catch {
            throw .unsupported([error] + problems)
        }
        guard problems.isEmpty else { throw .unsupported(problems) }
        self.graphs = graphs
        reads = node.inputs.filter { !$0.isEmpty } + graphs.values.flatMap(\.captured)
    }

    func run(
        _ attribute: String,
        _ given: [Tensor],
        _ outer: (String) -> Tensor?,
        _ isCancelled: @escaping () -> Bool
    ) throws(ModelError) -> [Tensor] {
        guard let executor = graphs[attribute], given.count == executor.graph.inputs.count else {
            throw .shape(node: node.name, reason: "the graph \(attribute) takes other inputs")
        }
        var inputs: [String: Tensor] = [:]
        for name in executor.captured { inputs[name] = outer(name) }
        for (port, tensor) in zip(executor.graph.inputs, given) { inputs[port.name] = tensor }
        return try executor.run(
            inputs,
            outputs: executor.graph.outputs,
            isCancelled: isCancelled
        )
    }
}
