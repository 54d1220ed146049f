import Graph

/// Two products with normalised exponentials between them as one node: attention, whatever exporters scale and turn.
///
/// Softmax(scale · q · k + mask) · v becomes `striate.Attention`, which reads q, k and v where they lay before they were
/// transposed, and writes where its own result was to be transposed to.
struct SpelledAttention {
    private let graph: EditedGraph
    private let wanted: Set<String>
    private let known: KnownValues

    static func apply(to graph: Graph, wanted: Set<String>, known: KnownValues) -> Graph {
        guard graph.nodes.contains(where: { $0.op == "Softmax" }) else { return graph }
        var result = EditedGraph(graph)
        for (index, node) in graph.nodes.enumerated() where node.op == "MatMul" {
            let finder = SpelledAttention(graph: result, wanted: wanted, known: known)
            guard let found = finder.find(index) else { continue }
            for inner in found.inner { result.remove(inner) }
            if let choice = found.choice {
                result[choice.index] = choice.node
                result.constants[zero] = Tensor(shape: [], floats: [0])
            }
            result[index] = Node(
                name: node.name,
                op: Attention.name,
                attributes: found.attributes,
                inputs: found.inputs,
                outputs: node.outputs
            )
        }
        return turnResults(result, graph, wanted: wanted, known)
    }

    private static let zero = "striate.Attention/zero"

    private struct Found {
        var inputs: [String]
        var attributes: [String: Attribute]
        var inner: [Int]
        var choice: Choice?
    }

    /// A Where that put a number in place of scores, and now makes what is added to them.
    private struct Choice {
        let index: Int
        let node: Node
    }

    /// An operand while the nodes before it are taken in.
    private struct Operand {
        var value: String
        /// Axis i is axis order[i] of the value.
        var order: [Int]
        var scale: Float = 1
        var inner: [Int] = []
    }

    private func find(_ end: Int) -> Found? {
        let node = graph[end]
        guard node.inputs.count == 2, let value = operand(node.inputs[1], scales: false),
            let softmax = shares(node.inputs[0]), let scores = scores(softmax.scores),
            let product = graph.soleMaker(scores.value, wanted), graph[product].op == "MatMul",
            graph[product].inputs.count == 2,
            let query = operand(graph[product].inputs[0], scales: true),
            let key = operand(graph[product].inputs[1], scales: true)
        else { return nil }
        let operands = [query, key, value]
        // Products with constant weights are layers, which are packed once.
        guard operands.allSatisfy({ graph.constants[$0.value] == nil }),
            operands.allSatisfy({ known.floats($0.value).map { $0.rank >= 2 } ?? false }),
            let shape = known.floats(scores.value),
            known.shape(softmax.scores) == shape,
            scores.choice != nil || fits(scores.mask, shape),
            softmax.keep.isEmpty || fits(softmax.keep, shape)
        else { return nil }
        let scale = scores.scale * query.scale * key.scale
        guard scale.isFinite else { return nil }
        var inputs = operands.map(\.value)
        let mask = addsNothing(scores.mask) ? "" : scores.mask
        if !mask.isEmpty || !softmax.keep.isEmpty { inputs.append(mask) }
        if !softmax.keep.isEmpty { inputs.append(softmax.keep) }
        return Found(
            inputs: inputs,
            attributes: [
                "scale": .float(scale), "query_order": .ints(query.order),
                "key_order": .ints(key.order), "value_order": .ints(value.order),
                "zeroes_undefined": .int(softmax.zeroesUndefined ? 1 : 0),
            ],
            inner: softmax.inner + scores.inner + [product] + operands.flatMap(\.inner),
            choice: scores.choice
        )
    }

    /// Whether a mask is 0 throughout, as exporters write one for sequences of one length.
    private func addsNothing(_ mask: String) -> Bool {
        graph.constants[mask]?.floats?.allSatisfy { $0 == 0 } ?? false
    }

    /// Whether a mask spreads over scores and does not make them larger.
    private func fits(_ mask: String, _ scores: Shape) -> Bool {
        guard !mask.isEmpty else { return true }
        return known.floats(mask).flatMap { broadcastShape($0, scores) } == scores
    }

    /// A value behind Transposes that only it reads, and behind factors.
    private func operand(_ name: String, scales: Bool) -> Operand? {
        guard let rank = known.shape(name)?.rank else { return nil }
        var operand = Operand(value: name, order: Array(0..<rank))
        while let index = graph.soleMaker(operand.value, wanted) {
            let node = graph[index]
            if node.op == "Transpose" {
                guard case .ints(let perm) = node.attributes["perm"], perm.count == rank else {
                    break
                }
                operand.order = operand.order.map { perm[$0] }
                operand.value = node.inputs[0]
            } else if scales, let (scale, other) = factor(node),
                known.shape(other) == known.shape(operand.value)
            {
                operand.scale *= scale
                operand.value = other
            } else {
                break
            }
            operand.inner.append(index)
        }
        return operand
    }

    /// Softmax, its input, and what is done to its rows of shares.
    private struct Shares {
        var scores = ""
        /// 1 or 0 for each row.
        var keep = ""
        var zeroesUndefined = false
        var inner: [Int]
    }

    /// Softmax along the last axis.
    private func shares(_ name: String) -> Shares? {
        guard var index = graph.soleMaker(name, wanted), let shape = known.floats(name) else {
            return nil
        }
        var shares = Shares(inner: [index])
        if graph[index].op == "Mul", graph[index].inputs.count == 2 {
            let node = graph[index]
            guard let mask = known.floats(node.inputs[1]), mask.dimensions.last == 1,
                let softmax = graph.soleMaker(node.inputs[0], wanted)
            else { return nil }
            shares.keep = node.inputs[1]
            index = softmax
            shares.inner.append(index)
        } else if graph[index].op == "Where" {
            guard let (test, softmax) = undefinedShares(graph[index]) else { return nil }
            shares.zeroesUndefined = true
            index = softmax
            shares.inner += [test, softmax]
        }
        let node = graph[index]
        guard node.op == "Softmax",
            case .int(let axis) = node.attributes["axis"] ?? .int(node.opset < 13 ? 1 : -1),
            axis == -1 || axis == shape.rank - 1
        else { return nil }
        shares.scores = node.inputs[0]
        return shares
    }

    /// The nodes behind Where(IsNaN(shares), 0, shares), as PyTorch's exporter guards rows that are masked as a whole.
    private func undefinedShares(_ choice: Node) -> (test: Int, shares: Int)? {
        guard choice.inputs.count == 3, let test = graph.soleMaker(choice.inputs[0], wanted),
            graph[test].op == "IsNaN", graph[test].inputs == [choice.inputs[2]],
            graph.constants[choice.inputs[1]]?.floats == [0],
            !wanted.contains(choice.inputs[2]), graph.readerCount(choice.inputs[2]) == 2,
            let shares = graph.maker(choice.inputs[2])
        else { return nil }
        return (test, shares)
    }

    private struct Scores {
        var value: String
        var mask = ""
        var choice: Choice?
        var scale: Float = 1
        var inner: [Int] = []
    }

    /// A product before it is scaled, and a mask is added.
    private func scores(_ name: String) -> Scores? {
        var scores = Scores(value: name)
        if let index = graph.soleMaker(name, wanted), graph[index].op == "Add",
            graph[index].inputs.count == 2
        {
            let inputs = graph[index].inputs
            guard let own = inputs.firstIndex(where: { leadsToProduct($0) }) else { return nil }
            (scores.value, scores.mask) = (inputs[own], inputs[1 - own])
            scores.inner.append(index)
        } else if let index = graph.soleMaker(name, wanted), let (value, choice) = choice(index) {
            (scores.value, scores.mask, scores.choice) = (value, choice.node.outputs[0], choice)
        }
        while let index = graph.soleMaker(scores.value, wanted),
            let (factor, other) = factor(graph[index])
        {
            scores.scale *= factor
            scores.value = other
            scores.inner.append(index)
        }
        return scores
    }

    /// Scores in place of which a Where puts a number that is so small that adding it does the same: they are lost beside it.
    private func choice(_ index: Int) -> (scores: String, Choice)? {
        let node = graph[index]
        guard node.op == "Where", node.inputs.count == 3 else { return nil }
        for place in 1...2 {
            let scores = node.inputs[3 - place]
            guard let number = graph.constants[node.inputs[place]]?.floats, number.count == 1,
                number[0] <= -1e30, leadsToProduct(scores)
            else { continue }
            var made = node
            made.inputs[3 - place] = Self.zero
            made.outputs = ["\(node.outputs[0])/mask"]
            return (scores, Choice(index: index, node: made))
        }
        return nil
    }

    private func leadsToProduct(_ name: String) -> Bool {
        var value = name
        while let index = graph.soleMaker(value, wanted) {
            if graph[index].op == "MatMul" { return true }
            guard let (_, other) = factor(graph[index]) else { return false }
            value = other
        }
        return false
    }

    /// What a node multiplies its other operand by.
    private func factor(_ node: Node) -> (Float, String)? {
        guard node.op == "Mul" || node.op == "Div",
            let (number, other, isFirst) = graph.numberAndOther(node)
        else { return nil }
        if node.op == "Mul" { return (number, other) }
        guard !isFirst, number != 0 else { return nil }
        return (1 / number, other)
    }

    /// Attentions that write in the order of axes that the Transpose behind them makes.
    private static func turnResults(
        _ edited: EditedGraph,
        _ graph: Graph,
        wanted: Set<String>,
        _ known: KnownValues
    ) -> Graph {
        var result = edited
        for (index, node) in graph.nodes.enumerated() where node.op == "Transpose" {
            guard result[index].op == "Transpose",
                case .ints(let perm) = node.attributes["perm"],
                let place = result.soleMaker(node.inputs[0], wanted),
                result[place].op == Attention.name, perm.last == perm.count - 1,
                known.shape(node.inputs[0])?.rank == perm.count
            else { continue }
            var attention = result[place]
            attention.outputs = node.outputs
            attention.attributes["result_order"] = .ints(perm)
            result.remove(place)
            result[index] = attention
        }
        return result.graph
    }
}
