import Compute
import Synchronization

/// Computes the values of a graph from tensors: islands by plans, the other nodes one by one.
///
/// Graphs inside of nodes have executors of their own.
final class GraphExecutor: Sendable {
    let graph: Graph
    private let nodes: [PreparedNode]
    /// The last node that reads each value.
    private let lastReader: [String: Int]
    private let tools: IslandTools
    private let islands = Mutex(IslandCache())
    /// Stored constants that nodes computed one by one have asked for.
    private let loaded = Mutex<[String: Tensor]>([:])

    /// Values of outer graphs that this one reads.
    let captured: [String]
    /// Inputs and outputs that have 16 bits outside.
    private let narrow: [String: ElementType]

    /// What computes a file's graph, numbers of 16 bits in float32.
    ///
    /// - Throws: `unsupported` with everything that is not supported, `shape` where a constant node is wrong.
    convenience init(importing graph: Graph, tools: IslandTools) throws(ModelError) {
        let widened = WidenedHalves(graph)
        try self.init(widened.graph, narrow: widened.narrow, tools: tools)
    }

    init(
        _ graph: Graph,
        narrow: [String: ElementType] = [:],
        tools: IslandTools
    ) throws(ModelError) {
        self.narrow = narrow
        let folded = ConstantFolding.apply(
            to: graph,
            memory: MemoryUse(limit: tools.memoryLimit, ledger: tools.workers.memory)
        )
        self.graph = folded
        self.tools = tools
        var nodes: [PreparedNode] = []
        var problems: [ModelError] = []
        for node in folded.nodes {
            do throws(ModelError) {
                let prepared = try PreparedNode(node, in: folded, tools: tools)
                try prepared.evaluator.check(node) { index in
                    index < node.inputs.count ? folded.constants[node.inputs[index]] : nil
                }
                nodes.append(prepared)
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
        lastReader = Dictionary(
            nodes.enumerated().flatMap { index, node in node.reads.map { ($0, index) } },
            uniquingKeysWith: max
        )
        captured = Self.captured(folded, nodes)
    }

    private static func captured(_ graph: Graph, _ nodes: [PreparedNode]) -> [String] {
        var known = Set(graph.inputs.map(\.name)).union(graph.constants.keys)
        var result: [String] = []
        func read(_ name: String) {
            if !name.isEmpty, known.insert(name).inserted { result.append(name) }
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
        memory: MemoryUse? = nil,
        isCancelled: @escaping () -> Bool
    ) throws(ModelError) -> [Tensor] {
        let memory =
            memory ?? MemoryUse(limit: tools.memoryLimit, ledger: tools.workers.memory)
        let inputs = narrow.isEmpty ? inputs : inputs.mapValues(\.widened)
        var values = inputs
        // What stands here at the end is the caller's, or nobody's.
        defer { for (name, value) in values where inputs[name] == nil { memory.drop(value) } }
        var remaining = needed(for: outputs)[...]
        var readers = Readers(kept: Set(outputs))
        func forget(_ done: [Int]) {
            readers.count(remaining, nodes)
            for name in readers.finish(done, nodes) {
                guard let value = values.removeValue(forKey: name), inputs[name] == nil else {
                    continue
                }
                memory.drop(value)
            }
        }
        var looksForIsland = true
        var search = IslandSearch()
        while let first = remaining.first {
            if isCancelled() { throw .cancelled }
            if looksForIsland, search.isDue(),
                let island = search.note(island(remaining, values, outputs))
            {
                let known = Set(values.keys)
                try island.run(&values, isCancelled: isCancelled)
                for (name, value) in values where !known.contains(name) { try memory.hold(value) }
                looksForIsland = remaining.count > Self.longestStretch
                if remaining.count > island.nodes.count { forget(Array(island.nodes)) }
                Self.remove(island.nodes, from: &remaining)
                continue
            }
            try evaluate(nodes[first], &values, memory, isCancelled)
            forget([first])
            remaining.removeFirst()
            // A value that an island may begin with has just been made.
            looksForIsland = remaining.first.map { PlannedForm.begins(nodes[$0].node) } ?? false
        }
        var results: [Tensor] = []
        for name in outputs {
            if let value = values[name] {
                results.append(value.narrowed(to: narrow[name]))
                continue
            }
            guard let constant = try constant(name, memory) else {
                throw .unknownLayer(name, available: graph.outputs)
            }
            // Several of them are in memory together.
            try memory.require(bytes: results.reduce(constant.byteCount) { $0 + $1.byteCount })
            results.append(constant.narrowed(to: narrow[name]))
        }
        return results
    }

    /// The first of the nodes that remain, few enough for one plan, and the values that must be there after them.
    private func stretch(
        _ remaining: ArraySlice<Int>,
        _ outputs: [String]
    ) -> (nodes: ArraySlice<Int>, wanted: [String]) {
        guard remaining.count > Self.longestStretch else { return (remaining, outputs) }
        let nodes = remaining.prefix(Self.longestStretch)
        let wanted = nodes.flatMap { self.nodes[$0].node.outputs }.filter { name in
            outputs.contains(name) || (lastReader[name] ?? -1) > (nodes.last ?? 0)
        }
        return (nodes, wanted)
    }

    /// What planning costs grows faster than the number of nodes.
    private static let longestStretch = 2048

    /// Removes nodes of the first stretch.
    private static func remove(_ done: Set<Int>, from remaining: inout ArraySlice<Int>) {
        let stretch = remaining.prefix(longestStretch)
        let left = stretch.filter { !done.contains($0) }
        remaining.removeFirst(stretch.count - left.count)
        for (offset, node) in left.enumerated() { remaining[remaining.startIndex + offset] = node }
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
            shapes: values.mapValues(\.shape),
            types: values.mapValues(\.type)
        )
        if let known = islands.withLock({ $0.island(for: key) }) { return known }
        var constants = graph.constants
        let (stretch, wanted) = stretch(remaining, outputs)
        let items = OnnxPatterns.apply(
            stretch.map { index in
                OnnxPatterns.Item(
                    node: nodes[index].node,
                    covers: [index],
                    reads: nodes[index].reads
                )
            },
            constants: &constants,
            wanted: Set(wanted)
        )
        var builder = IslandBuilder(items, constants: constants, live: values, tools: tools)
        let made = builder.build(wanted: wanted)
        islands.withLock { $0.insert(made, for: key) }
        return made
    }

    /// The plan of all that `outputs` depend on, if one island holds it.
    func wholePlan(like inputs: [String: Tensor], outputs: [String]) -> Plan? {
        let nodes = needed(for: outputs)
        let inputs = narrow.isEmpty ? inputs : inputs.mapValues(\.widened)
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
    private func constant(
        _ name: String,
        _ memory: MemoryUse
    ) throws(ModelError) -> Tensor? {
        guard let constant = graph.constants[name], let stored = constant.stored else {
            return graph.constants[name]
        }
        if let known = loaded.withLock({ $0[name] }) { return known }
        try memory.require(bytes: constant.count * MemoryLayout<Float>.stride)
        guard !stored.isMade else { return try constant.loaded() }
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
        _ memory: MemoryUse,
        _ isCancelled: @escaping () -> Bool
    ) throws(ModelError) {
        var known: [String: Tensor] = [:]
        for name in prepared.reads {
            if let value = values[name] {
                known[name] = value
            } else {
                known[name] = try constant(name, memory)
            }
        }
        func value(_ name: String) -> Tensor? { known[name] }
        let context = EvaluationContext(memory: memory, isCancelled: isCancelled) {
            (attribute, given) throws(ModelError) in
            try prepared.run(attribute, given, value, memory, isCancelled)
        }
        let operands = Operands(
            node: prepared.node,
            tensors: prepared.node.inputs.map { $0.isEmpty ? nil : value($0) },
            context: context
        )
        let results = try prepared.evaluator.outputs(operands)
        for (index, name) in prepared.node.outputs.enumerated() where !name.isEmpty {
            guard index < results.count else {
                throw .shape(
                    node: prepared.node.name,
                    reason: "\(prepared.node.op) has no output \(index)"
                )
            }
            try memory.hold(results[index])
            values[name] = results[index]
        }
    }
}

/// How many nodes that are still to be computed read each value.
private struct Readers {
    /// Values that the caller asked for.
    let kept: Set<String>
    private var counts: [String: Int]?

    init(kept: Set<String>) {
        self.kept = kept
    }

    /// Counts once; a graph that one plan computes is never counted.
    mutating func count(_ remaining: ArraySlice<Int>, _ nodes: [PreparedNode]) {
        guard counts == nil else { return }
        var counts: [String: Int] = [:]
        for name in remaining.lazy.flatMap({ nodes[$0].reads }) { counts[name, default: 0] += 1 }
        self.counts = counts
    }

    /// The values of which nobody has need once these nodes are computed.
    mutating func finish(_ done: [Int], _ nodes: [PreparedNode]) -> [String] {
        for name in done.lazy.flatMap({ nodes[$0].reads }) { counts?[name, default: 1] -= 1 }
        return done.flatMap { nodes[$0].reads + nodes[$0].node.outputs }.filter { name in
            counts?[name] ?? 0 <= 0 && !kept.contains(name)
        }
    }
}

/// How often a run looks for an island: a search that finds none looks through all that remains.
private struct IslandSearch {
    private static let patience = 64
    private var failures = 0
    private var pause = 0

    /// After many searches in vain, each is followed by a pause twice as long.
    mutating func isDue() -> Bool {
        guard pause > 0 else { return true }
        pause -= 1
        return false
    }

    mutating func note(_ island: Island?) -> Island? {
        failures = island == nil ? failures + 1 : 0
        if failures > Self.patience { pause = 1 << min(failures - Self.patience, 16) }
        return island
    }
}

/// A node ready to be evaluated.
struct PreparedNode: Sendable {
    let node: Node
    let evaluator: any Evaluated
    let graphs: [String: GraphExecutor]
    /// Everything the node reads, graphs inside of it included.
    let reads: [String]

    init(_ node: Node, in outer: Graph, tools: IslandTools) throws(ModelError) {
        var node = node
        var problems: [ModelError] = []
        var graphs: [String: GraphExecutor] = [:]
        for (name, attribute) in node.attributes.sorted(by: { $0.key < $1.key }) {
            guard case .graph(let graph) = attribute else { continue }
            do throws(ModelError) {
                let executor = try GraphExecutor(
                    graph.takingConstants(of: outer),
                    tools: tools.forAnotherGraph
                )
                graphs[name] = executor
                node.attributes[name] = .graph(executor.graph)
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
        self.node = node
        self.graphs = graphs
        reads = node.inputs.filter { !$0.isEmpty } + graphs.values.flatMap(\.captured)
    }

    func run(
        _ attribute: String,
        _ given: [Tensor],
        _ outer: (String) -> Tensor?,
        _ memory: MemoryUse,
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
            memory: memory,
            isCancelled: isCancelled
        )
    }
}
