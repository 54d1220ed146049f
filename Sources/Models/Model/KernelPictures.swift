import Engine
public import Graph

/// The kernels of one convolution, or the matrices of one recurrent cell.
public struct LayerKernels: Sendable {
    /// [kernels, input channels, rows, columns], or [kernels, input channels, steps] of a series; of a cell [matrices, units,
    /// inputs + units], what is multiplied with the step's input before what is multiplied with the state.
    public let shape: Shape
    /// Row-major.
    public let values: [Float]
    /// Neighbouring kernels are the members of maxout pairs.
    public let isMaxoutPair: Bool
    /// Of a connection table: the input and the output of each kernel.
    public private(set) var connections: [(input: Int, output: Int)]?
    /// Of a recurrent cell.
    public private(set) var cell: Cell?

    /// What the matrices of a recurrent cell are.
    public struct Cell: Sendable {
        /// One name for each matrix, as ONNX orders them; `backward` of those that read from the end.
        public let gates: [String]
        /// Columns that are multiplied with the step's input.
        public let inputs: Int
    }
}

extension Model {
    /// Names of the layers that have kernels to look at.
    public var layersWithKernels: [String] {
        graph.nodes.filter { node in
            node.op == "Gabor"
                || Operators.has(.kernels, node.op)
                    && graph.constants[node.inputs[1]] != nil
                || RecurrentKernels(node, graph.constants) != nil
        }.map(kernelName)
    }

    /// The layer that a node with kernels is listed as; of our own cells it is not the node's first value.
    private func kernelName(_ node: Node) -> String {
        Operators.has(.recurrent, node.op) && !isImported ? node.name : node.layer
    }

    /// The kernels of a convolution, Gabor or recurrent layer.
    ///
    /// - Throws: `unknownLayer` with the layers that have kernels, `tooLarge` where they are more than one request may
    ///   compute.
    public func kernels(layer: String) throws(ModelError) -> LayerKernels {
        guard layersWithKernels.contains(layer),
            let node = graph.nodes.first(where: { kernelName($0) == layer })
        else { throw .unknownLayer(layer, available: layersWithKernels) }
        let isPair = graph.nodes.contains {
            $0.op == "Maxout" && $0.inputs.first == layer
                && $0.attributes["group"] ?? .int(2) == .int(2)
        }
        if node.op == "Gabor" {
            var attributes = AttributeReader(node)
            let windows = try Windows(&attributes, ceils: false)
            let bank = try GaborBank(&attributes, kernel: windows.kernel)
            return LayerKernels(shape: bank.shape, values: bank.weights(), isMaxoutPair: isPair)
        }
        if let recurrent = RecurrentKernels(node, graph.constants) {
            let each = 3 * MemoryLayout<Float>.stride
            try answerRoom().take(numbers: recurrent.shape.count, each: each)
            guard let kernels = recurrent.kernels else {
                throw .unknownLayer(layer, available: layersWithKernels)
            }
            return kernels
        }
        guard let weights = graph.constants[node.inputs[1]] else {
            throw .unknownLayer(layer, available: layersWithKernels)
        }
        // They may be made when they are read, or widened.
        try answerRoom().take(numbers: weights.count, each: 2 * MemoryLayout<Float>.stride)
        guard let values = weights.floats else {
            throw .unknownLayer(layer, available: layersWithKernels)
        }
        return LayerKernels(
            shape: weights.shape,
            values: values,
            isMaxoutPair: isPair
        ).listed(for: node)
    }
}

extension LayerKernels {
    /// The matrices of a cell.
    fileprivate init(shape: Shape, values: [Float], cell: Cell) {
        (self.shape, self.values, self.cell) = (shape, values, cell)
        isMaxoutPair = false
    }

    /// The table of a convolution; nil where it says nothing of some kernel.
    private func connections(of node: Node) -> [(input: Int, output: Int)]? {
        guard case .ints(let inputs) = node.attributes["connections"],
            case .ints(let counts) = node.attributes["connection_counts"],
            inputs.count == shape[0], counts.reduce(0, +) == inputs.count
        else { return nil }
        let outputs = counts.enumerated().flatMap { Array(repeating: $0, count: $1) }
        return zip(inputs, outputs).map { (input: $0, output: $1) }
    }

    /// The kernels of layers that have several for an output as [kernels, input channels, rows, columns]:
    /// an output's positions, or the places of its tiling, one after the other.
    fileprivate func listed(for node: Node) -> LayerKernels {
        let sizes = shape.dimensions
        switch (node.op, sizes.count) {
        case ("LocallyConnected", 6):
            return LayerKernels(
                shape: [sizes[0] * sizes[1] * sizes[2], sizes[3], sizes[4], sizes[5]],
                values: values,
                isMaxoutPair: false
            )
        case ("TiledConv", 6):
            let (kernel, tiles) = (sizes[1] * sizes[2] * sizes[3], sizes[4] * sizes[5])
            var listed = [Float](repeating: 0, count: values.count)
            for index in values.indices {
                let (place, tile) = (index / tiles, index % tiles)
                let output = place / kernel
                listed[(output * tiles + tile) * kernel + place % kernel] = values[index]
            }
            return LayerKernels(
                shape: [sizes[0] * tiles, sizes[1], sizes[2], sizes[3]],
                values: listed,
                isMaxoutPair: false
            )
        case (_, 2...3) where node.attributes["connections"] != nil:
            // A connection table has a kernel for each connection.
            var listed = LayerKernels(
                shape: Shape([sizes[0], 1] + sizes.dropFirst()),
                values: values,
                isMaxoutPair: false
            )
            listed.connections = connections(of: node)
            return listed
        default:
            return self
        }
    }
}

/// The matrices W and R of a recurrent cell: [directions, gates · units, inputs] and [directions, gates · units, units].
private struct RecurrentKernels {
    private static let gates = [
        "RNN": ["h"], "LSTM": ["input", "output", "forget", "cell"],
        "GRU": ["update", "reset", "hidden"],
    ]

    let shape: Shape
    private let input: Tensor
    private let state: Tensor
    private let cell: LayerKernels.Cell

    /// Nil of other nodes, and where a matrix is not constant.
    init?(_ node: Node, _ constants: [String: Tensor]) {
        guard let gates = Self.gates[node.op], node.inputs.count > 2,
            let input = constants[node.inputs[1]], let state = constants[node.inputs[2]],
            input.shape.rank == 3, state.shape.rank == 3,
            input.shape[0] == state.shape[0], (1...2).contains(state.shape[0]),
            state.shape[1] == gates.count * state.shape[2], input.shape[1] == state.shape[1]
        else { return nil }
        (self.input, self.state) = (input, state)
        let directions = state.shape[0]
        let names = directions == 1 ? gates : gates + gates.map { $0 + " backward" }
        cell = LayerKernels.Cell(gates: names, inputs: input.shape[2])
        shape = [names.count, state.shape[2], input.shape[2] + state.shape[2]]
    }

    /// Nil where a file cannot be read any more.
    var kernels: LayerKernels? {
        guard let input = input.floats, let state = state.floats else { return nil }
        let (inputs, units) = (cell.inputs, shape[1])
        var values: [Float] = []
        values.reserveCapacity(shape.count)
        for row in 0..<shape[0] * units {
            values += input[row * inputs..<(row + 1) * inputs]
            values += state[row * units..<(row + 1) * units]
        }
        return LayerKernels(shape: shape, values: values, cell: cell)
    }
}
