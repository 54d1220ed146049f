import Graph

// What operators other than layers are over integers; nil where they are nothing.
extension QuantizedLayers {
    /// A sum or a product; of a number and a function of it, as Swish and its like are, a function.
    func pair(_ node: Node) -> Node? {
        guard let a = integers(node.inputs[0]), let b = integers(node.inputs[1]),
            let first = known.shape(node.inputs[0]), let second = known.shape(node.inputs[1])
        else { return nil }
        if node.op == "Mul", let function = product(a, b) ?? product(b, a) {
            var made = function
            made.name = node.name
            return made
        }
        var made = Node(name: node.name, op: node.op == "Mul" ? "IntegerTimes" : "IntegerSum")
        // Broadcast is the second.
        let isTurned = node.op == "Mul" && first.isPerChannel(of: second)
        guard first == second || isTurned || node.op == "Mul" && second.isPerChannel(of: first)
        else { return nil }
        let (x, z) = isTurned ? (b, a) : (a, b)
        made.inputs = [x.name, z.name]
        made.take(x.steps.scale, x.steps.zero)
        made.attributes["z_scale"] = .float(z.steps.scale)
        made.attributes["z_zero"] = .int(z.steps.zero)
        return made
    }

    /// x · f(x), where f(x) is what an IntegerFunction makes of x.
    private func product(_ x: Integers, _ image: Integers) -> Node? {
        guard let index = graph.maker(image.name), graph[index].op == "IntegerFunction",
            graph[index].inputs == [x.name],
            case .floats(let values)? = graph[index].attributes["values"],
            values.count == 256
        else { return nil }
        let steps = ByteSteps(
            scale: image.steps.scale,
            zero: image.steps.zero,
            type: image.steps.type
        )
        let products = zip(x.steps.type.integerRange, values).map { integer, value in
            Float(integer - x.steps.zero) * x.steps.scale
                * (Float(steps.integer(value) - steps.zero) * steps.scale)
        }
        var made = Node(name: "", op: "IntegerFunction", inputs: [x.name])
        made.attributes["values"] = .floats(products)
        return made
    }

    /// The larger of two halves of the channels, where all have the same steps: maxout.
    func maxout(_ node: Node, _ steps: Steps) -> Node? {
        let parts = node.inputs.compactMap { input -> (source: String, range: Range<Int>)? in
            guard let part = integers(input), part.steps == steps,
                let maker = graph.maker(part.name), graph[maker].op == "Slice",
                let range = OnnxPatterns.halves(graph[maker], graph.constants)
            else { return nil }
            return (graph[maker].inputs[0], range)
        }
        guard parts.count == 2, node.inputs.count == 2, parts[0].source == parts[1].source,
            let shape = known.shape(parts[0].source), shape.rank >= 2, shape[1] % 2 == 0,
            parts[0].range == 0..<shape[1] / 2, parts[1].range.lowerBound == shape[1] / 2,
            parts[1].range.upperBound >= shape[1]
        else { return nil }
        return Node(name: node.name, op: "IntegerMaxout", inputs: [parts[0].source])
    }

    /// Images side by side, channel after channel.
    func joint(_ node: Node) -> Node? {
        let parts = node.inputs.compactMap { integers($0) }
        guard parts.count == node.inputs.count, let rank = known.shape(node.inputs[0])?.rank,
            (3...4).contains(rank), let axis = node.attributes["axis"],
            axis == .int(1) || axis == .int(1 - rank)
        else { return nil }
        var made = Node(name: node.name, op: "IntegerConcat", inputs: parts.map(\.name))
        made.attributes["x_scales"] = .floats(parts.map(\.steps.scale))
        made.attributes["x_zeros"] = .ints(parts.map(\.steps.zero))
        return made
    }

    func mean(_ node: Node) -> Node? {
        guard let x = integers(node.inputs[0]), known.shape(node.inputs[0])?.rank == 4
        else { return nil }
        var made = Node(name: node.name, op: "IntegerMean")
        made.inputs = [x.name]
        made.take(x.steps.scale, x.steps.zero)
        return made
    }

    /// A function of one number, looked up.
    mutating func function(_ node: Node) -> Node? {
        guard let x = integers(node.inputs[0]),
            node.inputs.dropFirst().allSatisfy({ $0.isEmpty || graph.constants[$0]?.count == 1 })
        else { return nil }
        // Its values at all integers there are.
        let range = x.steps.type.integerRange
        let reals = range.map { Float($0 - x.steps.zero) * x.steps.scale }
        let operands = Operands(
            node: node,
            tensors: [Tensor(shape: [reals.count], floats: reals)]
                + node.inputs.dropFirst().map { graph.constants[$0] },
            context: .folding(memoryLimit: 1 << 20)
        )
        guard let values = try? Operators.make(node).outputs(operands).first?.floats,
            values.count == reals.count
        else { return nil }
        var made = Node(name: node.name, op: "IntegerFunction")
        made.inputs = [x.name]
        made.attributes["values"] = .floats(values)
        return made
    }
}

extension Node {
    /// What the integers of the first input stand for.
    mutating func take(_ scale: Float, _ zero: Int) {
        attributes["x_scale"] = .float(scale)
        attributes["x_zero"] = .int(zero)
    }
}
