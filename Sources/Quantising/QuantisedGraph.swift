import Graph

/// Puts QuantizeLinear and DequantizeLinear into a graph, weights in 8 bits for each output.
struct QuantisedGraph {
    private(set) var graph: Graph
    private let values: IntegerValues
    private let steps: [String: ValueSteps]
    private var weights: [String: (name: String, scales: [Float])] = [:]
    private var names: Set<String>
    private let opset: Int

    /// `steps` are those of the values that others share theirs with.
    static func make(
        _ graph: Graph,
        _ values: IntegerValues,
        steps: [String: ValueSteps]
    ) throws(ModelError) -> Graph {
        var made = QuantisedGraph(graph, values, steps)
        try made.build()
        return made.graph
    }

    private init(_ graph: Graph, _ values: IntegerValues, _ steps: [String: ValueSteps]) {
        self.graph = graph
        self.values = values
        self.steps = steps
        names = Set(graph.constants.keys).union(graph.valueNames).union(graph.inputs.map(\.name))
            .union(graph.nodes.map(\.name))
        opset = graph.nodes.first { !$0.op.contains(".") }?.opset ?? Node.newestOpset
    }

    private mutating func build() throws(ModelError) {
        let old = graph.nodes
        graph.nodes = []
        var renamed: [String: String] = [:]
        for input in graph.inputs where values.values.contains(input.name) {
            renamed[input.name] = rounded(input.name)
        }
        let layers = Set(values.layers)
        for (index, node) in old.enumerated() {
            var node = node
            // What another node reads as integers is rounded for all; what is asked for stays as it is.
            node.inputs = node.inputs.map { renamed[$0] ?? $0 }
            if layers.contains(index) { try quantiseWeights(&node, reading: old[index].inputs[0]) }
            graph.nodes.append(node)
            for output in node.outputs where values.values.contains(output) {
                renamed[output] = rounded(output)
            }
        }
        let read = graph.namesRead
        graph.constants = graph.constants.filter { read.contains($0.key) }
    }

    /// Adds the two nodes behind a value, and returns the name of what they make.
    private mutating func rounded(_ value: String) -> String {
        guard let steps = steps[values.steps(of: value)] else { return value }
        let scale = constant("\(value)/scale", Tensor(shape: [], floats: [steps.scale]))
        let zero = constant(
            "\(value)/zero",
            Tensor(shape: [], elements: .uint8([UInt8(steps.zero)]))
        )
        let integers = unique("\(value)/integers")
        let real = unique("\(value)/rounded")
        add("QuantizeLinear", [value, scale, zero], as: integers)
        add("DequantizeLinear", [integers, scale, zero], as: real)
        return real
    }

    private mutating func add(
        _ op: String,
        _ inputs: [String],
        as output: String,
        _ attributes: [String: Attribute] = [:]
    ) {
        graph.nodes.append(
            Node(
                name: unique(output + "/node"),
                op: op,
                opset: opset,
                attributes: attributes,
                inputs: inputs,
                outputs: [output]
            )
        )
    }

    private mutating func unique(_ name: String) -> String {
        var (candidate, number) = (name, 1)
        while !names.insert(candidate).inserted {
            number += 1
            candidate = "\(name).\(number)"
        }
        return candidate
    }

    private mutating func constant(_ name: String, _ tensor: Tensor) -> String {
        let name = unique(name)
        graph.constants[name] = tensor
        return name
    }

    /// Weights in 127 steps to each output's largest, and the bias in steps of its sums.
    private mutating func quantiseWeights(
        _ node: inout Node,
        reading input: String
    ) throws(ModelError) {
        guard let steps = steps[values.steps(of: input)] else { return }
        let axis = node.op == "Conv" || node.attributes["transB"] == .int(1) ? 0 : 1
        let (name, scales) = try rounded(weights: node.inputs[1], axis: axis)
        node.inputs[1] = name
        guard node.inputs.count > 2, !node.inputs[2].isEmpty,
            let bias = try graph.constants[node.inputs[2]]?.loaded().floats
        else { return }
        let given = bias.count == 1 ? Array(repeating: bias[0], count: scales.count) : bias
        guard given.count == scales.count else { return }
        let sizes = scales.map { $0 * steps.scale }
        let integers = zip(given, sizes).map { value, size in
            Int32(clamping: Int((Double(value) / Double(size)).rounded(.toNearestOrEven)))
        }
        let source = node.inputs[2]
        let stored = constant(
            "\(source)/integers",
            Tensor(shape: [integers.count], elements: .int32(integers))
        )
        let scale = constant("\(source)/scale", Tensor(shape: [sizes.count], floats: sizes))
        let real = unique("\(source)/rounded")
        add("DequantizeLinear", [stored, scale], as: real, ["axis": .int(0)])
        node.inputs[2] = real
    }

    private mutating func rounded(
        weights name: String,
        axis: Int
    ) throws(ModelError) -> (name: String, scales: [Float]) {
        let key = "\(name)/\(axis)"
        if let known = weights[key] { return known }
        guard let tensor = try graph.constants[name]?.loaded(), let floats = tensor.floats else {
            throw .invalidWeights("the weights \"\(name)\" are not of float32")
        }
        let quantised = QuantisedWeights(floats, tensor.shape, axis: axis)
        let integers = constant(
            "\(name)/integers",
            Tensor(shape: tensor.shape, elements: .int8(quantised.integers))
        )
        let scales = quantised.scales
        let scale = constant("\(name)/scale", Tensor(shape: [scales.count], floats: scales))
        let zeros = constant(
            "\(name)/zero",
            Tensor(
                shape: [scales.count],
                elements: .int8(Array(repeating: 0, count: scales.count))
            )
        )
        let real = unique("\(name)/rounded")
        add("DequantizeLinear", [integers, scale, zeros], as: real, ["axis": .int(axis)])
        weights[key] = (real, scales)
        return (real, scales)
    }
}

/// Weights in 127 steps to the largest of each slice along an axis, and as many below.
struct QuantisedWeights {
    let integers: [Int8]
    let scales: [Float]

    init(_ values: [Float], _ shape: Shape, axis: Int) {
        let count = shape[axis]
        let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
        var largest = [Float](repeating: 0, count: count)
        for (index, value) in values.enumerated() where value.isFinite {
            let slice = index / inner % count
            largest[slice] = max(largest[slice], abs(value))
        }
        let scales = largest.map { $0 / 127 > .leastNormalMagnitude ? $0 / 127 : 1 }
        integers = values.enumerated().map { index, value in
            let step = (value / scales[index / inner % count]).rounded(.toNearestOrEven)
            return Int8(max(-127, min(127, step.isNaN ? 0 : step)))
        }
        self.scales = scales
    }
}
