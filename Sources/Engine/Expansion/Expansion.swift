import Graph

/// An operator that is put in terms of simpler ones when a file is read, so that plans compute it as fast as those.
struct Expansion: Sendable {
    typealias Expander = @Sendable (inout Replacement) throws(ModelError) -> Void

    /// From the inputs that are never left out to all there are.
    let inputs: ClosedRange<Int>
    let outputs: ClosedRange<Int>
    let expand: Expander

    init(
        takes inputs: ClosedRange<Int>,
        gives outputs: ClosedRange<Int> = 1...1,
        _ expand: @escaping Expander
    ) {
        (self.inputs, self.outputs, self.expand) = (inputs, outputs, expand)
    }

    /// Every expanded operator by its name; one is added in its family's file.
    static let all: [String: Expansion] = {
        let families: [[String: Expansion]] = [
            fusedProducts, fusedFunctions, fusedNormalizations, attentions, quantizedFunctions,
            quantizedWeights,
            fusedWindows,
        ]
        return Dictionary(uniqueKeysWithValues: families.joined().map { ($0.key, $0.value) })
    }()

    /// The same network without operators that stand for several, and without lists whose elements are known.
    ///
    /// - Throws: `shape` or `invalidAttribute` for a node that is written wrongly, `unsupportedOperator` for lists
    ///   whose elements only running tells.
    static func apply(to graph: Graph) throws(ModelError) -> Graph {
        guard needsWork(graph) else { return graph }
        var names = ExpansionNames(graph)
        return try apply(to: graph, outer: ExpansionScope(), Lists(), &names)
    }

    private static func needsWork(_ graph: Graph) -> Bool {
        graph.nodes.contains { node in
            if all[node.op] != nil || Lists.operators.contains(node.op) { return true }
            for case .graph(let inner) in node.attributes.values where needsWork(inner) {
                return true
            }
            return false
        }
    }

    private static func apply(
        to graph: Graph,
        outer: ExpansionScope,
        _ outerLists: Lists,
        _ names: inout ExpansionNames
    ) throws(ModelError) -> Graph {
        var (scope, lists) = (outer, outerLists)
        scope.learn(graph)
        var result = graph
        result.nodes = []
        for node in graph.nodes {
            var node = node
            if var loop = try LoopLists(node, lists) {
                loop.body = try apply(to: loop.body, outer: scope, loop.inner, &names)
                let (nodes, constants) = try loop.finish(&lists, scope: scope, &names)
                result.nodes += [loop.node] + nodes
                result.constants.merge(constants) { $1 }
                continue
            }
            for (name, attribute) in node.attributes {
                guard case .graph(let inner) = attribute else { continue }
                node.attributes[name] = .graph(
                    try apply(to: inner, outer: scope, lists, &names)
                )
            }
            guard let made = try expanded(node, in: scope, &lists, &names) else {
                try lists.checkUnread(node)
                if node.op == "Constant" { scope.learn(node) }
                result.nodes.append(node)
                continue
            }
            result.nodes += made.nodes
            result.constants.merge(made.constants) { $1 }
        }
        for output in result.outputs { try lists.checkUnread(output) }
        return result
    }

    /// What stands for a node; nil if it stays.
    private static func expanded(
        _ node: Node,
        in scope: ExpansionScope,
        _ lists: inout Lists,
        _ names: inout ExpansionNames
    ) throws(ModelError) -> Replacement? {
        let expansion = all[node.op]
        guard expansion != nil || lists.concerns(node) else { return nil }
        // The names are moved and come back, so that they are not copied for each node.
        let moved = names
        names = ExpansionNames()
        var replacement = Replacement(node, scope: scope, names: consume moved)
        if let expansion {
            try expansion.checkArity(of: node)
            try expansion.expand(&replacement)
        } else {
            try lists.expand(&replacement)
        }
        try replacement.finish()
        names = replacement.names
        replacement.names = ExpansionNames()
        // Operators of which others consist may consist of others too.
        var nodes: [Node] = []
        for made in replacement.nodes {
            guard all[made.op] != nil,
                let inner = try expanded(made, in: scope, &lists, &names)
            else {
                nodes.append(made)
                continue
            }
            nodes += inner.nodes
            replacement.constants.merge(inner.constants) { $1 }
        }
        replacement.nodes = nodes
        return replacement
    }

    private func checkArity(of node: Node) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard inputs.contains(node.inputs.count) else {
            throw fail("\(node.op) does not take \(node.inputs.count) inputs")
        }
        guard outputs.contains(node.outputs.count) else {
            throw fail("\(node.op) does not have \(node.outputs.count) outputs")
        }
        if let absent = node.inputs.prefix(inputs.lowerBound).firstIndex(of: "") {
            throw fail("input \(absent + 1) of \(node.op) must not be left out")
        }
    }
}

/// What is known of values where a node stands.
struct ExpansionScope {
    private(set) var constants: [String: Tensor] = [:]
    private(set) var shapes: [String: [Int?]] = [:]

    /// Values that come from outside or do not change.
    mutating func learn(_ graph: Graph) {
        constants.merge(graph.constants) { $1 }
        for input in graph.inputs where !input.hasAnyRank { shapes[input.name] = input.dimensions }
    }

    mutating func learn(_ node: Node) {
        let operands = Operands(
            node: node,
            tensors: [],
            context: .folding(memoryLimit: 1 << 24)
        )
        guard let value = try? Operators.make(node).outputs(operands).first else { return }
        constants[node.outputs[0]] = value
    }

    func shape(_ value: String) -> [Int?]? {
        shapes[value] ?? constants[value]?.shape.dimensions
    }
}

/// All names of a model's nodes and values, and whether its floats are all float32.
struct ExpansionNames {
    private var taken: Set<String> = []
    private(set) var hasOnlyFloat32 = true

    init() {}

    init(_ graph: Graph) {
        collect(graph)
    }

    private mutating func collect(_ graph: Graph) {
        for input in graph.inputs { note(input.name, input.type) }
        for (name, constant) in graph.constants { note(name, constant.type) }
        for node in graph.nodes {
            taken.insert(node.name)
            taken.formUnion(node.outputs)
            for (name, attribute) in node.attributes {
                switch attribute {
                case .graph(let inner): collect(inner)
                case .tensor(let tensor): note("", tensor.type)
                case .int(let number) where name == "to" || name == "dtype":
                    if let type = ElementType(onnx: number) { note("", type) }
                default: break
                }
            }
        }
    }

    private mutating func note(_ name: String, _ type: ElementType) {
        taken.insert(name)
        if type.isFloat, type != .float32 { hasOnlyFloat32 = false }
    }

    /// A name like this one that nothing else has.
    mutating func unique(_ name: String) -> String {
        var (candidate, number) = (name, 1)
        while !taken.insert(candidate).inserted {
            number += 1
            candidate = "\(name).\(number)"
        }
        return candidate
    }
}
