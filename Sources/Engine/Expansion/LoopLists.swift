import Graph

/// The lists among a Loop's states: it appends elements to them, which are results of its iterations instead, or reads
/// them alone.
struct LoopLists {
    /// A list as it is before the loop, what an iteration appends, and its name behind the loop.
    private struct Grown {
        let before: Lists.List
        let elements: [String]
        let result: String
    }

    private(set) var node: Node
    var body: Graph
    /// Lists that the body reads as they are.
    private(set) var inner: Lists
    /// Those behind the loop that did not change.
    private var kept: [String: Lists.List] = [:]
    private var grown: [Grown] = []
    /// Outputs of the nodes that append.
    private var appending = Set<String>()

    /// Nil for what is no Loop, or has no list among its states.
    ///
    /// - Throws: `unsupportedOperator` for a list that the body does something else with.
    init?(_ node: Node, _ lists: Lists) throws(ModelError) {
        guard node.op == "Loop", case .graph(let body) = node.attributes["body"],
            node.inputs.count >= 2, body.inputs.count == node.inputs.count,
            body.outputs.count >= node.inputs.count - 1
        else { return nil }
        let states = (0..<node.inputs.count - 2).filter {
            body.inputs[2 + $0].isList || lists[node.inputs[2 + $0]] != nil
        }
        guard !states.isEmpty else { return nil }
        (self.node, self.body, inner) = (node, body, lists)
        self.body.outputInfo = []
        while self.node.outputs.count < body.outputs.count - 1 { self.node.outputs.append("") }
        let reading = BodyReading(body)
        for state in states.reversed() { try take(state, lists, reading) }
        self.body.nodes = body.nodes.filter { !appending.contains($0.outputs.first ?? "") }
    }

    private mutating func take(
        _ state: Int,
        _ lists: Lists,
        _ reading: BodyReading
    ) throws(ModelError) {
        func unsupported(_ reason: String) -> ModelError {
            .unsupportedOperator(node: node.name, op: "Loop over a sequence \(reason)")
        }
        guard let list = lists[node.inputs[2 + state]] else {
            throw unsupported("of unknown elements")
        }
        let name = body.inputs[2 + state].name
        guard let appended = reading.appended(to: name, as: body.outputs[1 + state]) else {
            throw unsupported("that it does more with than append")
        }
        body.inputs.remove(at: 2 + state)
        body.outputs.remove(at: 1 + state)
        node.inputs.remove(at: 2 + state)
        let result = node.outputs.remove(at: state)
        guard !appended.elements.isEmpty else {
            inner[name] = list
            kept[result] = list
            return
        }
        appending.formUnion(appended.nodes)
        grown.append(Grown(before: list, elements: appended.elements, result: result))
    }

    /// The nodes behind the loop that make its lists, after which it is complete.
    mutating func finish(
        _ lists: inout Lists,
        scope: ExpansionScope,
        _ names: inout ExpansionNames
    ) throws(ModelError) -> (nodes: [Node], constants: [String: Tensor]) {
        for (name, list) in kept where !name.isEmpty { lists[name] = list }
        let moved = names
        names = ExpansionNames()
        var made = Replacement(node, scope: scope, names: consume moved)
        for list in grown {
            var stacks: [String] = []
            for element in list.elements {
                // A result may be a value of its own only.
                let copy = made.names.unique("\(node.layer)/element")
                body.nodes.append(
                    Node(name: copy, op: "Identity", inputs: [element], outputs: [copy])
                )
                body.outputs.append(copy)
                let stack = made.names.unique("\(node.layer)/elements")
                node.outputs.append(stack)
                stacks.append(stack)
            }
            guard !list.result.isEmpty else { continue }
            let whole = try Lists.joined(list.before, Lists.interleaved(stacks, &made), &made)
            lists[list.result] = .parts(of: whole, axis: 0, size: 1, keepsAxis: false)
        }
        node.attributes["body"] = .graph(body)
        names = made.names
        made.names = ExpansionNames()
        return (made.nodes, made.constants)
    }
}

extension Lists {
    /// Stacks of as many elements as one, each iteration's side by side.
    fileprivate static func interleaved(
        _ stacks: [String],
        _ made: inout Replacement
    ) -> String {
        guard stacks.count > 1 else { return stacks[0] }
        let one = made.integers([1])
        let wide = stacks.map { made.add("Unsqueeze", [$0, one]) }
        let pairs = made.add("Concat", wide, ["axis": .int(1)])
        let element = made.sizes(made.add("Shape", [stacks[0]]), from: 1)
        let shape = made.add("Concat", [made.integers([-1]), element], ["axis": .int(0)])
        return made.add("Reshape", [pairs, shape])
    }

    /// A list's elements, and behind them those of a stack.
    fileprivate static func joined(
        _ list: List,
        _ stack: String,
        _ made: inout Replacement
    ) throws(ModelError) -> String {
        switch list {
        case .elements([]): return stack
        case .elements(let elements):
            let first = made.integers([0])
            let rows = elements.map { made.add("Unsqueeze", [$0, first]) }
            return made.add("Concat", rows + [stack], ["axis": .int(0)])
        case .parts(let whole, axis: 0, size: 1, keepsAxis: false):
            return made.add("Concat", [whole, stack], ["axis": .int(0)])
        default:
            throw .unsupportedOperator(
                node: made.node.name,
                op: "Loop over a sequence of unknown elements"
            )
        }
    }
}

/// Who makes and who reads a body's values.
private struct BodyReading {
    /// The node whose first output a value is.
    private var makers: [String: Node] = [:]
    /// How many nodes and results of the body read a value, graphs inside of nodes included.
    private var readers: [String: Int] = [:]

    init(_ body: Graph) {
        for node in body.nodes {
            if let output = node.outputs.first { makers[output] = node }
            var names = Set(node.inputs)
            for case .graph(let inner) in node.attributes.values {
                names.formUnion(inner.namesRead)
            }
            for name in names { readers[name, default: 0] += 1 }
        }
        for name in body.outputs { readers[name, default: 0] += 1 }
    }

    /// What is appended to a list until it has another name, in order, and the outputs of the nodes that do so; nil
    /// where something else is done with it on the way.
    ///
    /// A list that nothing is appended to may be read by others.
    func appended(
        to list: String,
        as last: String
    ) -> (elements: [String], nodes: Set<String>)? {
        var (elements, passed): ([String], Set<String>) = ([], [])
        var name = last
        var isAlone = true
        while name != list {
            guard let node = makers[name], let input = node.inputs.first,
                passed.insert(name).inserted
            else { return nil }
            switch node.op {
            case "SequenceInsert" where node.inputs.dropFirst(2).allSatisfy(\.isEmpty):
                guard node.inputs.count > 1 else { return nil }
                elements.append(node.inputs[1])
            case "Identity": break
            default: return nil
            }
            // The next step, or for the last one the body's result.
            isAlone = isAlone && readers[name] == 1
            name = input
        }
        guard !elements.isEmpty else { return ([], []) }
        guard isAlone, readers[list] == 1 else { return nil }
        return (elements.reversed(), passed)
    }
}
