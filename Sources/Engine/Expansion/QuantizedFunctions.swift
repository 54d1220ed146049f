import Compute
import Graph

extension Expansion {
    /// onnxruntime's operators on small integers, as real numbers between their scales.
    static let quantizedFunctions: [String: Expansion] = [
        "com.microsoft.QuantizeLinear": .init(takes: 2...3) { node throws(ModelError) in
            let own = node.otherAttributes([])
            node.add("QuantizeLinear", node.node.inputs, own, as: 0)
        },
        "com.microsoft.DequantizeLinear": .init(takes: 2...3) { node throws(ModelError) in
            let own = node.otherAttributes([])
            node.add("DequantizeLinear", node.node.inputs, own, as: 0)
        },
        "com.microsoft.QLinearAdd": .init(takes: 7...8) { node throws(ModelError) in
            node.quantized("Add")
        },
        "com.microsoft.QLinearMul": .init(takes: 7...8) { node throws(ModelError) in
            node.quantized("Mul")
        },
        "com.microsoft.QLinearSigmoid": .init(takes: 4...5) { node throws(ModelError) in
            node.quantize(node.add("Sigmoid", [node.real(0)]), scale: 3)
        },
        "com.microsoft.QLinearLeakyRelu": .init(takes: 4...5) { node throws(ModelError) in
            let own = node.otherAttributes([])
            node.quantize(node.add("LeakyRelu", [node.real(0)], own), scale: 3)
        },
        "com.microsoft.QLinearSoftmax": .init(takes: 4...5) { node throws(ModelError) in
            let axis = try node.attributes.int("axis", default: -1)
            let opset = try node.attributes.int("opset", default: 13, in: 1...Node.newestOpset)
            let value = node.add("Softmax", [node.real(0)], ["axis": .int(axis)], opset: opset)
            node.quantize(value, scale: 3)
        },
        "com.microsoft.QLinearAveragePool": .init(takes: 4...5) { node throws(ModelError) in
            try node.pooled("AveragePool")
        },
        "com.microsoft.QLinearGlobalAveragePool": .init(takes: 4...5) { node throws(ModelError) in
            try node.pooled("GlobalAveragePool")
        },
        "com.microsoft.QLinearConcat": .init(takes: 5 ... .max) { node throws(ModelError) in
            let axis = try node.attributes.int("axis", default: 0)
            guard (node.node.inputs.count - 2) % 3 == 0 else {
                throw node.fail("each part has a scale and a zero point")
            }
            let parts = stride(from: 2, to: node.node.inputs.count, by: 3).map { node.real($0) }
            node.quantize(node.add("Concat", parts, ["axis": .int(axis)]), scale: 0)
        },
        "com.microsoft.QGemm": .init(takes: 6...9) { node throws(ModelError) in
            try node.quantizedGemm()
        },
        "com.microsoft.MatMulIntegerToFloat": .init(takes: 4...7) { node throws(ModelError) in
            let product = node.add(
                "MatMulInteger",
                [node.input(0), node.input(1), node.input(4), node.input(5)]
            )
            let scale = node.add("Mul", [node.input(2), node.input(3)])
            node.scale(product, by: scale, bias: node.input(6))
        },
        "com.microsoft.DynamicQuantizeMatMul": .init(takes: 3...5) { node throws(ModelError) in
            let x = node.add("DynamicQuantizeLinear", [node.input(0)], outputs: 3)
            let product = node.add("MatMulInteger", [x[0], node.input(1), x[2], node.input(3)])
            let scale = node.add("Mul", [x[1], node.input(2)])
            node.scale(product, by: scale, bias: node.input(4))
        },
    ]
}

extension Replacement {
    /// The real numbers of an input that its scale and zero point follow.
    fileprivate mutating func real(_ index: Int) -> String {
        add("DequantizeLinear", [input(index), input(index + 1), input(index + 2)])
    }

    /// Gives the first output by the scale at an input, whose zero point follows.
    fileprivate mutating func quantize(_ value: String, scale: Int) {
        add("QuantizeLinear", [value, input(scale), input(scale + 1)], as: 0)
    }

    /// Inputs: A, its scale and zero point; B with its; the result's.
    fileprivate mutating func quantized(_ op: String) {
        quantize(add(op, [real(0), real(3)]), scale: 6)
    }

    fileprivate mutating func pooled(_ op: String) throws(ModelError) {
        guard case .int(0) = node.attributes["channels_last"] ?? .int(0) else {
            throw fail("channels_last of \(node.op) is not supported")
        }
        let own = otherAttributes(["channels_last"])
        quantize(add(op, [real(0)], own), scale: 3)
    }

    /// Gives the first output: sums of integers times their scale, with a bias.
    fileprivate mutating func scale(_ sums: String, by scale: String, bias: String) {
        let real = add("Cast", [sums], ["to": .int(1)])
        if bias.isEmpty {
            add("Mul", [real, scale], as: 0)
        } else {
            add("Add", [add("Mul", [real, scale]), bias], as: 0)
        }
    }

    /// alpha · A' · B' + C, where C counts in steps of alpha times both scales.
    fileprivate mutating func quantizedGemm() throws(ModelError) {
        let alpha = try attributes.float("alpha", default: 1)
        let turns = (
            try attributes.flag("transA", default: false),
            try attributes.flag("transB", default: false)
        )
        // Scales of B belong to the columns of what is multiplied.
        let right = add(
            "DequantizeLinear",
            [input(3), input(4), input(5)],
            ["axis": .int(turns.1 ? 0 : 1)]
        )
        var sum = add(
            "Gemm",
            [real(0), right],
            [
                "alpha": .float(alpha), "transA": .int(turns.0 ? 1 : 0),
                "transB": .int(turns.1 ? 1 : 0),
            ]
        )
        if has(6) {
            var step = add("Mul", [input(1), input(4)])
            if alpha != 1 { step = add("Mul", [step, number(Double(alpha), like: step)]) }
            let bias = add("Cast", [input(6)], ["to": .int(1)])
            sum = add("Add", [sum, add("Mul", [bias, step])])
        }
        if has(7) {
            quantize(sum, scale: 7)
        } else {
            give(sum, as: 0)
        }
    }
}
