import Compute

/// Finds the nodes that can be planned from the values known now.
///
/// Nodes are lowered one by one into a trial, which tells the shapes of their results; what cannot be lowered, and
/// what needs it, is left for later. What follows from shapes alone becomes a constant on the way.
struct IslandBuilder {
    private let items: [OnnxPatterns.Item]
    private let tools: IslandTools
    private let live: [String: Tensor]
    private var trial: PlanBuilder
    private var constants: [String: Tensor]
    private var folded: [String: Tensor] = [:]
    private var chosen: [(node: Node, covers: [Int])] = []
    private var covered = Set<Int>()
    private var inputs: [String: Graph.Input] = [:]
    private var tables: [String: Int] = [:]

    /// Operators that make an island worth entering.
    private static let heavy: Set = [
        "Conv", "MatMul", "Gemm", "RNN", "LSTM", "GRU", "MaxPool", "AveragePool",
        "GlobalAveragePool", "GlobalMaxPool",
    ]

    init(
        _ items: [OnnxPatterns.Item],
        constants: [String: Tensor],
        live: [String: Tensor],
        tools: IslandTools
    ) {
        self.items = items
        self.tools = tools
        self.live = live
        self.constants = constants
        trial = PlanBuilder(graph: Graph(), kernels: tools.kernels, weights: tools.weights)
    }

    /// The island, or nil if there is none that is worth it.
    ///
    /// `wanted` are the values that must be there at the end.
    mutating func build(wanted: [String]) -> Island? {
        for item in items where !takeOneHot(item, wanted) { take(item) }
        let isWhole = items.allSatisfy { covered.isSuperset(of: $0.covers) }
        guard isWhole || chosen.contains(where: { Self.heavy.contains($0.node.op) }) else {
            return nil
        }
        return try? finish(wanted: wanted)
    }

    private mutating func take(_ item: OnnxPatterns.Item) {
        if fold(item.node) {
            covered.formUnion(item.covers)
            return
        }
        guard let node = PlannedForm.of(item.node, shape: shape, constants: constants) else {
            return
        }
        var next = trial
        for name in node.added.keys { constants[name] = node.added[name] }
        next.graph.constants = constants
        guard define(node.node, in: &next),
            (try? Operators.make(node.node).lower(node.node, into: &next)) != nil
        else { return }
        trial = next
        chosen.append((node.node, item.covers))
        covered.formUnion(item.covers)
    }

    /// Takes the cast that ends a one-hot vector in the words of some exporters, and all that leads to it.
    private mutating func takeOneHot(_ item: OnnxPatterns.Item, _ wanted: [String]) -> Bool {
        let hot = ComparedOneHot(
            item,
            among: items,
            constants: constants,
            wanted: Set(wanted)
        ) { name in
            live[name].flatMap { [.int64, .int32].contains($0.type) ? $0.shape : nil }
        }
        guard let hot else { return false }
        var next = trial
        constants.merge(hot.added) { $1 }
        next.graph.constants = constants
        for node in hot.nodes {
            guard define(node, in: &next),
                (try? Operators.make(node).lower(node, into: &next)) != nil
            else { return false }
        }
        trial = next
        for node in hot.nodes { chosen.append((node, hot.covers)) }
        covered.formUnion(hot.covers)
        return true
    }

    /// The shape of a value whose shape is known.
    private func shape(_ name: String) -> Shape? {
        trial.id(named: name).map { trial.shape(of: $0) } ?? live[name]?.shape
            ?? constants[name]?.shape
    }

    /// Values of the node's inputs that come from outside, as inputs of the plan.
    private mutating func define(_ node: Node, in plan: inout PlanBuilder) -> Bool {
        guard node.inputs.allSatisfy({ constants[$0]?.count != 0 }) else { return false }
        for (index, name) in node.inputs.enumerated()
        where !name.isEmpty && constants[name] == nil && plan.id(named: name) == nil {
            guard let tensor = live[name], !tensor.shape.dimensions.contains(0) else {
                return false
            }
            let isIndex = Self.isIndex(node, index)
            guard isIndex ? [.int64, .int32].contains(tensor.type) : tensor.type == .float32 else {
                return false
            }
            let type: ElementType = isIndex ? .int64 : .float32
            guard (try? plan.define(name, tensor.shape, .dense, type: type)) != nil else {
                return false
            }
            inputs[name] = Graph.Input(
                name: name,
                type: type,
                dimensions: tensor.shape.dimensions.map { $0 }
            )
            if node.op == "Gather", isIndex, let table = constants[node.inputs[0]]?.shape {
                guard case .int(let axis) = node.attributes["axis"] ?? .int(0) else { return false }
                let place = axis < 0 ? axis + table.rank : axis
                guard table.dimensions.indices.contains(place) else { return false }
                tables[name] = min(tables[name] ?? .max, table[place])
            }
        }
        // Only floats are computed with; indices are looked up.
        return node.inputs.enumerated().allSatisfy { index, name in
            guard let id = plan.id(named: name), plan[id].type == .int64 else { return true }
            return Self.isIndex(node, index)
        }
    }

    private static func isIndex(_ node: Node, _ input: Int) -> Bool {
        node.op == "Gather" && input == 1 || node.op == "OneHot" && input == 0
    }

    /// Shape and Size of known shapes, and what depends on constants only.
    private mutating func fold(_ node: Node) -> Bool {
        var tensors: [Tensor?] = []
        let asksShape = node.op == "Shape" || node.op == "Size"
        for name in node.inputs {
            if name.isEmpty {
                tensors.append(nil)
            } else if let constant = constants[name] {
                guard let constant = try? constant.loaded() else { return false }
                tensors.append(constant)
            } else if asksShape, let shape = shape(name) {
                tensors.append(Tensor(shape: shape, elements: .zeros(shape.count, .bool)))
            } else {
                return false
            }
        }
        guard !node.inputs.isEmpty || node.op == "Constant" else { return false }
        let hasGraph = node.attributes.values.contains {
            if case .graph = $0 { true } else { false }
        }
        let operands = Operands(
            node: node,
            tensors: tensors,
            context: .folding(memoryLimit: 1 << 24)
        )
        guard !hasGraph, let results = try? Evaluators.make(node).evaluate(operands),
            results.count >= node.outputs.count
        else { return false }
        for (name, tensor) in zip(node.outputs, results) where !name.isEmpty {
            constants[name] = tensor
            folded[name] = tensor
        }
        return true
    }

    private mutating func finish(wanted: [String]) throws(ModelError) -> Island? {
        // Constants of the trial would otherwise be in memory beside those of the plan.
        trial = PlanBuilder(graph: Graph(), kernels: tools.kernels, weights: tools.weights)
        let made = Set(chosen.flatMap(\.node.outputs)).subtracting([""])
        var needed = Set(wanted)
        for item in items where !covered.isSuperset(of: item.covers) {
            needed.formUnion(item.reads)
        }
        var graph = Graph()
        graph.nodes = chosen.map(\.node)
        graph.constants = constants
        let names = made.intersection(needed).sorted()
        guard !names.isEmpty else { return nil }
        graph.inputs = inputs.values.sorted { $0.name < $1.name }
        graph = try Rewrites.apply(to: graph.pruned(for: names), wanted: Set(names))
        // Weights that follow from shapes are not those of other islands, whatever their names.
        let isShared = !folded.values.contains(where: \.type.isFloat)
        var builder = PlanBuilder(
            graph: graph,
            kernels: tools.kernels,
            weights: isShared ? tools.weights : WeightStore(),
            numerics: tools.numerics
        )
        let ids = try builder.lowerAll(inputs: live.mapValues(\.shape))
        var ports: [(name: String, id: ValueID)] = []
        for name in names {
            guard let id = builder.id(named: name), builder[id].type == .float32 else { return nil }
            ports.append((name, try builder.value(id, as: .dense)))
        }
        let plan = try builder.finish(
            inputs: ids,
            outputs: ports,
            memoryLimit: tools.memoryLimit,
            on: tools.workers
        )
        return Island(
            nodes: covered,
            plan: plan,
            folded: folded.filter { needed.contains($0.key) },
            tables: tables
        )
    }
}
