import Graph

/// A node in the form that plans take: the newest operator set's, with constants where ONNX has attributes.
struct PlannedForm {
    var node: Node
    /// Constants that the form needs beside the graph's.
    var added: [String: Tensor] = [:]

    /// Operators that only give elements another name or shape.
    private static let renames: Set = [
        "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout",
    ]

    /// Whether a plan may take a node of this kind, or what it makes follows from shapes.
    static func mayBegin(_ op: String) -> Bool {
        Operators.all[op] != nil || moving.contains(op) || renames.contains(op)
            || ["Shape", "Size", "If"].contains(op)
    }

    /// Functions of one number.
    private static let functions = Set(RealFunctions.operators.map { $0.name })

    /// Operators that say themselves, while they are lowered, what plans do not compute.
    private static let settled: Set<String> = {
        let families = [
            AxisReductions.operators, Softmaxes.operators, RowNormalizations.operators,
            Symbols.operators, Conditions.operators, TypeConversion.operators,
            Gathering.operators, Ranking.operators, Triangles.operators, EinsteinSums.operators,
        ]
        return Set(families.joined().map { $0.name })
    }()

    /// Nil for what plans do not compute, or not by this version's rules.
    static func of(
        _ node: Node,
        shape: (String) -> Shape?,
        constants: [String: Tensor]
    ) -> PlannedForm? {
        guard node.opset >= 7, let first = node.inputs.first else { return nil }
        var form = PlannedForm(node: node)
        switch node.op {
        case _ where renames.contains(node.op):
            return renaming(node, shape(first), constants)
        case "RNN", "LSTM", "GRU":
            return recurrent(node)
        case "Add", "Mul":
            if constants[node.inputs[0]] != nil { form.node.inputs.swapAt(0, 1) }
        case "Sub", "Div", "Pow", "PRelu", "Mod":
            guard node.inputs.count == 2 else { return nil }
        case "Max", "Min", "Sum", "Mean":
            guard node.inputs.count >= 2 else { return nil }
        case _ where moving.contains(node.op):
            return moved(node, shape: shape, constants: constants)
        case "MaxPool", "AveragePool", "BatchNormalization":
            guard node.outputs.dropFirst().allSatisfy(\.isEmpty) else { return nil }
            guard node.opset >= 9 || node.attributes["spatial"] == nil else { return nil }
            form.node.outputs = [node.outputs[0]]
        case "Conv":
            guard node.inputs.count > 1, let weights = constants[node.inputs[1]]?.shape,
                (3...4).contains(weights.rank), weights.rank == shape(first)?.rank
            else { return nil }
        case MatrixTranspose.name:
            guard let rank = shape(first)?.rank, rank >= 2 else { return nil }
            form.node.op = "Transpose"
            form.node.attributes = ["perm": .ints(MatrixTranspose.order(rank))]
        case "Relu", "Tanh", "Sigmoid", "GlobalAveragePool", "GlobalMaxPool", "Gemm", "MatMul",
            "Transpose", "Maxout", "ConvTranspose", "Clip":
            break
        case "OneHot":
            // Indices outside are no rows of a table.
            form.node.attributes["wraps"] = .int(1)
        case _ where settled.contains(node.op): break
        case _ where functions.contains(node.op): break
        default: return nil
        }
        return form
    }

    /// To the shape that the operator's definition gives.
    private static func renaming(
        _ node: Node,
        _ shape: Shape?,
        _ constants: [String: Tensor]
    ) -> PlannedForm? {
        guard let shape, node.outputs.dropFirst().allSatisfy(\.isEmpty) else { return nil }
        var tensors: [Tensor?] = [Tensor(sized: shape)]
        for name in node.inputs.dropFirst() {
            guard name.isEmpty || constants[name] != nil else { return nil }
            tensors.append(constants[name])
        }
        let operands = Operands(
            node: node,
            tensors: tensors,
            context: .folding(memoryLimit: 1 << 30)
        )
        return renaming(node, to: try? Evaluators.make(node).outputs(operands).first?.shape)
    }

    /// The same elements in another shape.
    static func renaming(_ node: Node, to shape: Shape?) -> PlannedForm? {
        guard let target = shape?.dimensions else { return nil }
        let name = "\(node.outputs[0])/shape"
        var reshape = Node(name: node.name, op: "Reshape")
        reshape.inputs = [node.inputs[0], name]
        reshape.outputs = [node.outputs[0]]
        return PlannedForm(
            node: reshape,
            added: [name: Tensor(shape: [target.count], integers: target)]
        )
    }

    /// Cells with their standard functions; everything else stays as it is and is checked by the operator.
    private static func recurrent(_ node: Node) -> PlannedForm? {
        var form = PlannedForm(node: node)
        if let given = form.node.attributes.removeValue(forKey: "activations") {
            guard case .strings(let names) = given else { return nil }
            let standard =
                node.op == "LSTM"
                ? ["Sigmoid", "Tanh", "Tanh"] : node.op == "GRU" ? ["Sigmoid", "Tanh"] : ["Tanh"]
            let isStandard = names.enumerated().allSatisfy { index, name in
                name == standard[index % standard.count]
            }
            if !isStandard {
                guard node.op == "RNN", Set(names).count == 1, names[0] == "Relu" else {
                    return nil
                }
                form.node.attributes["activation"] = .string("Relu")
            }
        }
        return form
    }
}
