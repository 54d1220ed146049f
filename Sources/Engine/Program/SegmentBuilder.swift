import Compute
import Graph

/// Finds the nodes that can be planned from the values known now.
///
/// Nodes are lowered one by one into a trial, which tells the shapes of their results; what cannot be lowered, and
/// what needs it, is left for later. What follows from shapes alone becomes a constant on the way.
struct SegmentBuilder {
    let items: [OnnxPatterns.Item]
    let tools: ProgramTools
    let live: [String: Tensor]
    var trial: PlanBuilder
    var folded: [String: Tensor] = [:]
    /// Elements of what was folded, which is kept.
    private var foldedCount = 0
    var chosen: [(node: Node, covers: [Int])] = []
    var covered = Set<Int>()
    var inputs: [String: Graph.Input] = [:]
    var tables: [String: Int] = [:]
    /// The item that makes a value alone, and how many read it.
    private let makers: [String: Int]
    private let uses: [String: Int]

    /// Why nodes of the file are not planned, by their places.
    private(set) var reasons: [Int: String] = [:]

    /// The first of what was wrong with nodes that plans know.
    private(set) var firstFailure: ModelError?

    private static let mostFolded = 1 << 21

    /// The oldest operator set whose rules plans know: the first with NumPy's broadcasting.
    private static let oldest = 7

    /// Elements, or multiply–adds, from which on entering a plan costs little beside what it saves.
    private static let leastWork = 512

    init(
        _ items: [OnnxPatterns.Item],
        constants: [String: Tensor],
        live: [String: Tensor],
        tools: ProgramTools,
        largest: Int? = nil
    ) {
        self.items = items
        self.tools = tools
        self.live = live
        trial = PlanBuilder(
            graph: Graph(),
            operators: Operators.table,
            kernels: tools.kernels,
            weights: tools.weights,
            isTrial: true,
            largest: largest ?? tools.largestValue
        )
        trial.graph.constants = constants
        var makers: [String: Int] = [:]
        var uses: [String: Int] = [:]
        for (index, item) in items.enumerated() {
            if item.node.outputs.count == 1 { makers[item.node.outputs[0]] = index }
            for name in item.reads { uses[name, default: 0] += 1 }
        }
        (self.makers, self.uses) = (makers, uses)
    }

    /// The graph's constants, and what follows from shapes.
    var constants: [String: Tensor] {
        _read { yield trial.graph.constants }
        _modify { yield &trial.graph.constants }
    }

    /// The segment, or nil if there is none that is worth it.
    ///
    /// `wanted` are the values that must be there at the end.
    mutating func build(wanted: [String], places: ValuePlaces) -> Segment? {
        for item in items {
            if !takeOneHot(item, wanted) { take(item) }
        }
        let isWhole = items.allSatisfy { covered.isSuperset(of: $0.covers) }
        guard isWhole || isWorthEntering else {
            noteChosen("it stands alone among nodes that plans do not take")
            return nil
        }
        do throws(ModelError) {
            return try finish(wanted: wanted, places)
        } catch {
            noteChosen(error.reason)
            firstFailure = firstFailure ?? error
            return nil
        }
    }

    /// What of the nodes is known without computing.
    mutating func survey() -> GraphSurvey {
        for item in items { take(item) }
        var survey = GraphSurvey(work: trial.work)
        for name in items.flatMap(\.node.outputs) where !name.isEmpty {
            survey.shapes[name] = shape(name)
            survey.types[name] = type(name)
        }
        return survey
    }

    private var isWorthEntering: Bool {
        let work = trial.work.values.reduce(0, +)
        let elements = chosen.reduce(0) { sum, item in
            item.node.outputs.reduce(sum) { $0 + (shape($1)?.count ?? 0) }
        }
        return max(work, elements) >= Self.leastWork || chosen.count >= 8
    }

    private mutating func noteChosen(_ reason: String) {
        for place in chosen.flatMap(\.covers) { reasons[place] = reason }
    }

    private mutating func take(_ item: OnnxPatterns.Item) {
        if fold(item.node) || takeBranch(item.node) {
            covered.formUnion(item.covers)
            return
        }
        let inner = reasons.removeValue(forKey: -1)
        let node = withoutEmptyParts(item.node.constantLast(constants))
        let failure = firstFailure
        if let reason = lower([node]) {
            if takeEmpty(item.node) {
                firstFailure = failure
                covered.formUnion(item.covers)
                return
            }
            let why = unknown(item.node) ?? inner ?? reason
            for place in item.covers { reasons[place] = why }
            return
        }
        chosen.append((node, item.covers))
        covered.formUnion(item.covers)
    }

    /// That the shape of an operand follows from values, where that is so.
    private func unknown(_ node: Node) -> String? {
        node.inputs.first { !$0.isEmpty && shape($0) == nil }.map {
            "the shape of \"\($0)\" is known only once it is computed"
        }
    }

    /// Takes the branch of an If whose condition follows from shapes, all of it or nothing.
    private mutating func takeBranch(_ node: Node) -> Bool {
        let condition = node.inputs.first.flatMap { constants[$0] }
        guard let branch = Graph.branch(of: node, condition: condition) else { return false }
        var whole = self
        whole.constants.merge(branch.constants) { $1 }
        for (index, node) in branch.nodes.enumerated() {
            // Of the file's nodes the If alone is there.
            let place = -1 - index
            whole.take(OnnxPatterns.Item(node: node, covers: [place], reads: node.inputs))
            let reason = whole.reasons.removeValue(forKey: place)
            guard whole.covered.remove(place) != nil else {
                reasons[-1] = reason
                return false
            }
        }
        self = whole
        return true
    }

    /// Takes nodes that plans can compute from what is known into the trial; else says why they cannot.
    private mutating func lower(_ nodes: [Node]) -> String? {
        for node in nodes {
            guard node.opset >= Self.oldest else {
                return
                    "plans know the rules of operator sets from \(Self.oldest) on, it is of \(node.opset)"
            }
            guard let ports = outside(node) else { return "an operand has a type without plans" }
            let failure = trial.attempt { (plan) throws(ModelError) in
                for port in ports {
                    let shape = Shape(port.dimensions.map { $0 ?? 1 })
                    _ = try plan.define(port.name, shape, .dense, type: port.type)
                }
                try plan.lower(node)
            }
            if let failure {
                firstFailure = firstFailure ?? failure
                return failure.reason
            }
            for port in ports { inputs[port.name] = port }
        }
        return nil
    }

    /// Takes the cast that ends a one-hot vector in the words of some exporters, and all that leads to it.
    private mutating func takeOneHot(_ item: OnnxPatterns.Item, _ wanted: [String]) -> Bool {
        let hot = ComparedOneHot(
            item,
            constants: constants,
            sole: { name in
                guard uses[name] == 1, !wanted.contains(name) else { return nil }
                return makers[name].map { items[$0] }
            }
        ) { name in
            live[name].flatMap { [.int64, .int32].contains($0.type) ? $0.shape : nil }
        }
        guard let hot else { return false }
        constants.merge(hot.added) { $1 }
        guard lower(hot.nodes) == nil else { return false }
        for node in hot.nodes { chosen.append((node, hot.covers)) }
        covered.formUnion(hot.covers)
        return true
    }

    /// The shape of a value whose shape is known.
    func shape(_ name: String) -> Shape? {
        trial.id(named: name).map { trial.shape(of: $0) } ?? live[name]?.shape
            ?? constants[name]?.shape
    }

    /// Values of the node's inputs that come from outside, as inputs of the plan; nil where a plan cannot take them.
    private mutating func outside(_ node: Node) -> [Graph.Input]? {
        // The shape of a single number is an empty list.
        let isSet = Operators.has(.settings, node.op)
        let elements = isSet ? node.inputs.prefix(1) : node.inputs[...]
        guard elements.allSatisfy({ constants[$0]?.count != 0 }) else { return nil }
        var ports: [Graph.Input] = []
        for (index, name) in node.inputs.enumerated()
        where !name.isEmpty && constants[name] == nil && trial.id(named: name) == nil
            && !ports.contains(where: { $0.name == name })
        {
            guard let tensor = live[name], !tensor.shape.dimensions.contains(0) else {
                return nil
            }
            guard tensor.type.kind != nil else { return nil }
            ports.append(
                Graph.Input(
                    name: name,
                    type: tensor.type,
                    dimensions: tensor.shape.dimensions.map { $0 }
                )
            )
            if node.op == "Gather", index == 1, let table = constants[node.inputs[0]]?.shape {
                guard case .int(let axis) = node.attributes["axis"] ?? .int(0) else { return nil }
                let place = axis < 0 ? axis + table.rank : axis
                guard table.dimensions.indices.contains(place) else { return nil }
                tables[name] = min(tables[name] ?? .max, table[place])
            }
        }
        return ports
    }

    /// The type of a value that is known.
    func type(_ name: String) -> ElementType? {
        trial.id(named: name).map { trial[$0].type } ?? live[name]?.type
    }

    /// Shape and Size of known shapes, and what depends on constants only.
    private mutating func fold(_ node: Node) -> Bool {
        var tensors: [Tensor?] = []
        var loaded = 0
        let asksShape = node.op == "Shape" || node.op == "Size"
        for name in node.inputs {
            if name.isEmpty {
                tensors.append(nil)
            } else if asksShape, let shape = shape(name) {
                tensors.append(Tensor(sized: shape))
            } else if node.op == "CastLike", tensors.count == 1, let type = type(name) {
                tensors.append(Tensor(shape: [0], elements: .zeros(0, type)))
            } else if let constant = constants[name] {
                loaded += constant.count
                guard loaded <= Self.mostFolded else { return false }
                guard let constant = try? constant.loaded() else { return false }
                tensors.append(constant)
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
        guard !hasGraph, let results = try? Operators.make(node).outputs(operands),
            results.count >= node.outputs.count
        else { return false }
        foldedCount += results.reduce(0) { $0 + $1.count }
        guard foldedCount <= Self.mostFolded else { return false }
        for (name, tensor) in zip(node.outputs, results) where !name.isEmpty {
            constants[name] = tensor
            folded[name] = tensor
        }
        return true
    }
}
