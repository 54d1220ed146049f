import Graph

/// LayerNormalization and RMSNormalization that exporters write as means, differences and roots.
struct SpelledNormalizations {
    private let graph: EditedGraph
    private let wanted: Set<String>
    private let known: KnownValues

    static func apply(to graph: Graph, wanted: Set<String>, known: KnownValues) -> Graph {
        guard graph.nodes.contains(where: { $0.op == "ReduceMean" }) else { return graph }
        var result = EditedGraph(graph)
        for (index, node) in graph.nodes.enumerated() where node.op == "Div" || node.op == "Mul" {
            let finder = SpelledNormalizations(graph: result, wanted: wanted, known: known)
            guard result[index].op == node.op, let found = finder.find(index) else { continue }
            for inner in found.inner { result.remove(inner) }
            let ones = "\(node.outputs[0])/ones"
            let sizes = found.sizes
            result.constants[ones] = Tensor(
                shape: Shape(sizes),
                floats: Array(repeating: 1, count: sizes.reduce(1, *))
            )
            result[index] = Node(
                name: node.name,
                op: found.isCentred ? "LayerNormalization" : "RMSNormalization",
                attributes: ["axis": .int(-sizes.count), "epsilon": .float(found.epsilon)],
                inputs: [found.value, ones],
                outputs: node.outputs
            )
        }
        return takeWeights(result, graph, wanted: wanted, known)
    }

    private struct Found {
        let value: String
        /// Of the axes that are normalised.
        let sizes: [Int]
        let epsilon: Float
        let isCentred: Bool
        let inner: Set<Int>
    }

    /// What a quotient by a root, or a product with its inverse, normalises.
    private func find(_ end: Int) -> Found? {
        let node = graph[end]
        guard node.inputs.count == 2 else { return nil }
        for (a, b) in node.op == "Div" ? [(0, 1)] : [(0, 1), (1, 0)] {
            let isInverse = node.op == "Mul"
            guard let root = root(node.inputs[b], isInverse: isInverse),
                let found = find(end, node.inputs[a], root)
            else { continue }
            return found
        }
        return nil
    }

    private struct Root {
        var nodes: Set<Int>
        let epsilon: Float
        /// The mean of squares and its axes.
        let mean: Int
    }

    /// √(mean + epsilon), or its inverse.
    private func root(_ name: String, isInverse: Bool) -> Root? {
        guard var index = graph.maker(name) else { return nil }
        var nodes: Set = [index]
        var node = graph[index]
        if isInverse, node.op != "Pow" {
            if node.op == "Div" {
                guard node.inputs.count == 2, graph.number(node.inputs[0]) == 1,
                    let inner = graph.maker(node.inputs[1])
                else { return nil }
                index = inner
            } else {
                guard node.op == "Reciprocal", let inner = graph.maker(node.inputs[0]) else {
                    return nil
                }
                index = inner
            }
            nodes.insert(index)
            node = graph[index]
        }
        switch node.op {
        case "Sqrt": break
        case "Pow":
            let isInverted = isInverse && nodes.count == 1
            guard node.inputs.count == 2, graph.number(node.inputs[1]) == (isInverted ? -0.5 : 0.5)
            else { return nil }
        default: return nil
        }
        guard let sum = graph.maker(node.inputs[0]), graph[sum].op == "Add",
            let (epsilon, mean, _) = graph.numberAndOther(graph[sum]), epsilon >= 0,
            let place = graph.maker(mean), graph[place].op == "ReduceMean"
        else { return nil }
        return Root(nodes: nodes.union([sum, place]), epsilon: epsilon, mean: place)
    }

    private func find(_ end: Int, _ top: String, _ root: Root) -> Found? {
        guard let squares = graph.maker(graph[root.mean].inputs[0]),
            let squared = squared(graph[squares]), let axes = axes(root.mean)
        else { return nil }
        var inner = root.nodes.union([squares])
        var value = top
        if let centred = graph.maker(top), graph[centred].op == "Sub",
            let (source, mean) = difference(centred, axes)
        {
            // Some write the difference twice.
            guard let other = graph.maker(squared),
                other == centred
                    || graph[other].op == "Sub"
                        && graph[other].inputs == graph[centred].inputs
            else { return nil }
            inner.formUnion([centred, other, mean])
            value = source
        } else if squared != top {
            return nil
        }
        guard graph.areInner(inner, before: end, wanted), let shape = known.floats(value),
            known.shape(graph[end].outputs[0]) == shape
        else { return nil }
        return Found(
            value: value,
            sizes: Array(shape.dimensions[axes.lowerBound...]),
            epsilon: root.epsilon,
            isCentred: value != top,
            inner: inner
        )
    }

    /// x where a node computes x².
    private func squared(_ node: Node) -> String? {
        guard node.inputs.count == 2 else { return nil }
        switch node.op {
        case "Mul": return node.inputs[0] == node.inputs[1] ? node.inputs[0] : nil
        case "Pow": return graph.number(node.inputs[1]) == 2 ? node.inputs[0] : nil
        default: return nil
        }
    }

    /// The value and the node of its mean over the same axes where a node computes their difference.
    private func difference(_ index: Int, _ axes: Range<Int>) -> (String, Int)? {
        let node = graph[index]
        guard node.inputs.count == 2, let mean = graph.maker(node.inputs[1]),
            graph[mean].op == "ReduceMean", graph[mean].inputs[0] == node.inputs[0],
            self.axes(mean) == axes
        else { return nil }
        return (node.inputs[0], mean)
    }

    /// The last axes of a value, where their mean is taken and they stay as axes of one element.
    private func axes(_ index: Int) -> Range<Int>? {
        let node = graph[index]
        guard let rank = known.shape(node.inputs[0])?.rank,
            node.attributes["keepdims"] ?? .int(1) == .int(1)
        else { return nil }
        var axes: [Int]
        if case .ints(let list) = node.attributes["axes"] {
            axes = list
        } else if node.inputs.count > 1, let list = graph.constants[node.inputs[1]]?.integers {
            axes = list
        } else {
            return nil
        }
        axes = axes.map { $0 < 0 ? $0 + rank : $0 }.sorted()
        guard let first = axes.first, first >= 0, axes == Array(first..<rank) else { return nil }
        return first..<rank
    }
}

// MARK: Weights

extension SpelledNormalizations {
    /// Factors and addends for each element of a row, which follow a normalisation, become its weights.
    private static func takeWeights(
        _ edited: EditedGraph,
        _ graph: Graph,
        wanted: Set<String>,
        _ known: KnownValues
    ) -> Graph {
        var result = edited
        let names: Set = ["LayerNormalization", "RMSNormalization"]
        for (index, node) in graph.nodes.enumerated() where node.op == "Mul" || node.op == "Add" {
            guard result[index].op == node.op, node.inputs.count == 2 else { continue }
            for (own, other) in [(0, 1), (1, 0)] {
                guard let place = result.soleMaker(node.inputs[own], wanted),
                    names.contains(result[place].op),
                    let changed = changed(
                        result[place],
                        by: node,
                        weights: node.inputs[other],
                        &result,
                        known
                    )
                else { continue }
                result.remove(place)
                result[index] = changed
                break
            }
        }
        return result.graph
    }

    private static func changed(
        _ normalization: Node,
        by node: Node,
        weights: String,
        _ graph: inout EditedGraph,
        _ known: KnownValues
    ) -> Node? {
        guard case .int(let axis) = normalization.attributes["axis"] ?? .int(-1), axis < 0,
            let shape = known.shape(node.outputs[0]), -axis <= shape.rank,
            let constant = graph.constants[weights], let numbers = constant.floats,
            constant.shape.rank <= shape.rank
        else { return nil }
        let sizes = Array(shape.dimensions.suffix(-axis))
        let own = Array(constant.shape.dimensions.drop { $0 == 1 })
        guard own == Array(sizes.drop { $0 == 1 }) else { return nil }
        var result = normalization
        (result.name, result.outputs) = (node.name, node.outputs)
        let hasBias = normalization.inputs.count > 2 && !normalization.inputs[2].isEmpty
        if node.op == "Mul" {
            guard !hasBias, let scale = graph.constants[normalization.inputs[1]]?.floats,
                scale.count == numbers.count
            else { return nil }
            result.inputs[1] = "\(node.outputs[0])/scale"
            graph.constants[result.inputs[1]] = Tensor(
                shape: Shape(sizes),
                floats: zip(scale, numbers).map { $0 * $1 }
            )
        } else {
            guard !hasBias, normalization.op == "LayerNormalization" else { return nil }
            let bias = "\(node.outputs[0])/bias"
            graph.constants[bias] = Tensor(shape: Shape(sizes), floats: numbers)
            result.inputs = [result.inputs[0], result.inputs[1], bias]
        }
        return result
    }
}
