import Compute
package import Graph
import Synchronization

/// Computes the values of a graph from tensors: segments by plans, the other nodes one by one.
///
/// Names are resolved to places when it is made. Graphs inside of nodes have programs of their own.
package final class Program: Sendable {
    package let graph: Graph
    let nodes: [PreparedNode]
    let places: ValuePlaces
    /// The last node that reads each value.
    let lastReader: [Int]
    let tools: ProgramTools
    /// Names of values of outer graphs that this one reads.
    let captured: [String]
    /// Inputs and outputs that have 16 bits outside.
    private let narrow: [String: ElementType]
    /// Where the graph comes from.
    let origin: Origin
    let inputs: [Int?]
    let capturedPlaces: [Int?]
    private let constants: [Tensor]
    /// Stored constants that nodes computed one by one have asked for.
    private let loaded = Mutex<[Int: Tensor]>([:])
    let routes = Mutex<[[String]: Route]>([:])
    private let shortcut = Mutex<Shortcut?>(nil)
    let owner: Int
    private let records = Mutex(Records())

    /// Why nodes are not planned, and what was computed by definition, by their places.
    private struct Records {
        var reasons: [Int: String] = [:]
        var evaluated: [Int: Int] = [:]
        /// Multiply–adds of segments by where they begin.
        var planned: [Int: Int] = [:]
    }

    /// Who wrote a graph.
    package enum Origin: Sendable {
        /// A file: what no plan takes is computed by definition; operators of ours are refused.
        case file
        /// Layers of model.json: one plan computes all that is asked for; these states may be left out, and are zeros.
        case layers(states: Set<String>)

        var states: Set<String> {
            if case .layers(let states) = self { states } else { [] }
        }

        var isLayers: Bool {
            if case .layers = self { true } else { false }
        }
    }

    deinit { tools.plans.forget(owner) }

    /// What computes a file's graph, numbers of 16 bits in float32.
    ///
    /// - Throws: `unsupported` with everything that is not supported, `shape` where a constant node is wrong.
    package convenience init(importing graph: Graph, tools: ProgramTools) throws(ModelError) {
        let widened = WidenedHalves(try Expansion.apply(to: graph))
        try self.init(widened.graph, narrow: widened.narrow, tools: tools)
    }

    package init(
        _ graph: Graph,
        narrow: [String: ElementType] = [:],
        origin: Origin = .file,
        tools: ProgramTools
    ) throws(ModelError) {
        self.narrow = narrow
        self.origin = origin
        let folded = ChannelSteps.apply(
            to: ConstantFolding.apply(
                to: InvariantStates.apply(to: graph),
                memory: MemoryUse(limit: tools.memoryLimit, ledger: tools.workers.memory),
                unrolling: tools.unrolling
            )
        )
        self.graph = folded
        self.tools = tools
        owner = tools.plans.newOwner()
        var places = ValuePlaces(folded)
        var known = Set(folded.inputs.map(\.name)).union(folded.constants.keys)
        var captured: [String] = []
        func read(_ name: String) {
            guard !name.isEmpty, known.insert(name).inserted else { return }
            captured.append(name)
        }
        var nodes: [PreparedNode] = []
        var problems: [ModelError] = []
        for node in folded.nodes {
            do throws(ModelError) {
                let prepared = try PreparedNode(
                    node,
                    in: folded,
                    &places,
                    origin: origin,
                    tools: tools
                )
                try prepared.evaluator.check(node) { index in
                    index < node.inputs.count ? folded.constants[node.inputs[index]] : nil
                }
                nodes.append(prepared)
                prepared.reads.forEach(read)
                known.formUnion(node.outputs)
            } catch {
                if case .several(let inner) = error {
                    problems += inner
                } else {
                    problems.append(error)
                }
            }
        }
        guard problems.isEmpty else { throw .several(problems) }
        folded.outputs.forEach(read)
        captured.forEach { places.add($0) }
        self.nodes = nodes
        self.captured = captured
        self.places = places
        inputs = folded.inputs.map { places.value($0.name) }
        capturedPlaces = captured.map { places.value($0) }
        var constants: [Tensor] = []
        for name in folded.constants.keys.sorted() {
            guard case .constant = places[name], let tensor = folded.constants[name] else {
                continue
            }
            constants.append(tensor)
        }
        self.constants = constants
        var lastReader = [Int](repeating: -1, count: places.names.count)
        for (index, node) in nodes.enumerated() {
            for value in node.readValues { lastReader[value] = index }
        }
        self.lastReader = lastReader
    }

    /// The named values, of inputs and of what outer graphs computed.
    package func run(
        _ inputs: [String: Tensor],
        outputs: [String],
        memory: MemoryUse? = nil,
        isCancelled: @escaping () -> Bool
    ) throws(ModelError) -> [Tensor] {
        let memory = memory ?? MemoryUse(limit: tools.memoryLimit, ledger: tools.workers.memory)
        guard !narrow.isEmpty else {
            return try compute(inputs, outputs, memory, isCancelled: isCancelled)
        }
        let wide = inputs.mapValues { $0.widened(by: tools.kernels) }
        let results = try compute(wide, outputs, memory, isCancelled: isCancelled)
        return zip(outputs, results).map { name, value in
            value.narrowed(to: narrow[name], by: tools.kernels)
        }
    }

    private func compute(
        _ inputs: [String: Tensor],
        _ outputs: [String],
        _ memory: MemoryUse,
        isCancelled: @escaping () -> Bool
    ) throws(ModelError) -> [Tensor] {
        if let shortcut = shortcut.withLock({ $0 }) {
            let results = try shortcut.run(
                inputs,
                outputs: outputs,
                plans: tools.plans,
                memory: memory,
                isCancelled: isCancelled
            )
            if let results { return results }
        }
        let route = try route(to: outputs)
        if origin.isLayers { _ = try checked(inputs.mapValues(\.shape), for: route) }
        var run = ProgramRun(self, route, memory: memory, isCancelled: isCancelled)
        for (name, tensor) in inputs {
            if let place = places.value(name) { run.give(tensor, place) }
        }
        return try run.compute()
    }

    /// Has the next run of the same shapes go this way.
    func remember(_ shortcut: Shortcut) { self.shortcut.withLock { $0 = shortcut } }

    /// The graph's outputs, for a graph inside of a node.
    func run(
        _ given: [Tensor],
        captured outer: [Tensor?],
        memory: MemoryUse,
        isCancelled: @escaping () -> Bool
    ) throws(ModelError) -> [Tensor] {
        var run = ProgramRun(
            self,
            try route(to: graph.outputs),
            memory: memory,
            isCancelled: isCancelled
        )
        for (place, tensor) in zip(capturedPlaces, outer) {
            if let place, let tensor { run.give(tensor, place) }
        }
        for (place, tensor) in zip(inputs, given) {
            if let place { run.give(tensor, place) }
        }
        return try run.compute()
    }

    /// A constant, in memory from its first use on.
    func constant(_ place: Int, _ memory: MemoryUse) throws(ModelError) -> Tensor {
        let constant = constants[place]
        guard let stored = constant.stored else { return constant }
        if let known = loaded.withLock({ $0[place] }) { return known }
        try memory.require(bytes: constant.count * MemoryLayout<Float>.stride)
        guard !stored.isMade else { return try constant.loaded() }
        let tensor = try constant.loaded()
        loaded.withLock { $0[place] = tensor }
        return tensor
    }

    /// What of this graph, and of those inside of its nodes, was computed by definition so far.
    package var report: DefinitionReport {
        let records = records.withLock { $0 }
        var report = DefinitionReport()
        for work in records.planned.values { report.add(planned: work) }
        for (index, work) in records.evaluated.sorted(by: { $0.key < $1.key }) {
            let node = nodes[index].node
            report.add(
                Unplanned(
                    node: node.layer,
                    op: node.op,
                    reason: records.reasons[index]
                        ?? "it comes before all that plans compute",
                    multiplyAdds: nodes[index].graphs.isEmpty ? work : 0
                )
            )
            for inner in nodes[index].graphs { report.add(inner.program.report) }
        }
        // Loops whose bodies are plans are not computed by definition themselves.
        for (index, node) in nodes.enumerated() where records.evaluated[index] == nil {
            for inner in node.graphs { report.add(inner.program.report) }
        }
        return report
    }

    func note(reasons: [Int: String]) {
        guard !reasons.isEmpty else { return }
        records.withLock { $0.reasons.merge(reasons) { $1 } }
    }

    func note(evaluated node: Int, _ operands: Operands, _ results: [Tensor]) {
        records.withLock { records in
            guard records.evaluated[node] == nil else { return }
            records.evaluated[node] = operands.multiplyAdds(results)
        }
    }

    func note(_ segment: Segment) {
        guard let first = segment.nodes.first else { return }
        records.withLock { records in
            records.planned[first] = segment.plan.multiplyAdds
            for node in segment.nodes { records.evaluated[node] = nil }
        }
    }

    /// Leaves constants to be read again, after runs that say nothing of those to come.
    package func forgetConstants() {
        loaded.withLock { $0 = [:] }
    }
}
