import Compute
import Graph

extension Expansion {
    /// Functions of elements: onnxruntime's, and ONNX's that consist of others.
    static let fusedFunctions: [String: Expansion] = [
        "SwiGLU": .init(takes: 2...2) { node throws(ModelError) in
            let alpha = try node.attributes.float("alpha", default: 1)
            node.add("Mul", [node.swish(node.input(0), alpha), node.input(1)], as: 0)
        },
        "com.microsoft.QuickGelu": .init(takes: 1...1) { node throws(ModelError) in
            let alpha = try node.attributes.float("alpha", default: 1.702)
            node.swish(node.input(0), alpha, as: 0)
        },
        "com.microsoft.Gelu": .init(takes: 1...1) { node throws(ModelError) in
            node.add("Gelu", [node.input(0)], as: 0)
        },
        "com.microsoft.BiasGelu": .init(takes: 2...2) { node throws(ModelError) in
            node.add("Gelu", [node.add("Add", node.node.inputs)], as: 0)
        },
        "com.microsoft.FastGelu": .init(takes: 1...2) { node throws(ModelError) in
            let sum = node.has(1) ? node.add("Add", node.node.inputs) : node.input(0)
            node.add("Gelu", [sum], ["approximate": .string("tanh")], as: 0)
        },
        "com.microsoft.BiasSplitGelu": .init(takes: 2...2) { node throws(ModelError) in
            let sum = node.add("Add", node.node.inputs)
            let halves = node.add(
                "Split",
                [sum],
                ["axis": .int(-1), "num_outputs": .int(2)],
                outputs: 2
            )
            node.add("Mul", [halves[0], node.add("Gelu", [halves[1]])], as: 0)
        },
        "com.microsoft.BiasAdd": .init(takes: 3...3) { node throws(ModelError) in
            let sum = node.add("Add", [node.input(0), node.input(1)])
            node.add("Add", [sum, node.input(2)], as: 0)
        },
        "com.microsoft.BiasSoftmax": .init(takes: 2...2) { node throws(ModelError) in
            let axis = try node.attributes.int("axis", default: 1)
            // Both ways to broadcast are those of Add, whose sizes of 1 the files keep.
            _ = try node.attributes.int("is_inner_broadcast", default: 0)
            let sum = node.add("Add", node.node.inputs)
            node.add("Softmax", [sum], ["axis": .int(axis)], as: 0, opset: 11)
        },
        "com.microsoft.BiasDropout": .init(takes: 2...5, gives: 1...2) { node throws(ModelError) in
            _ = try node.attributes.int("seed", default: 0, in: AttributeReader.any)
            let trains = node.constant(node.input(4))?.elements.signed ?? [0]
            guard !node.isWanted(1), !node.has(4) || trains == [0],
                !node.has(4) || node.constant(node.input(4)) != nil
            else { throw node.fail("training_mode of BiasDropout is not supported") }
            let sum = node.add("Add", [node.input(0), node.input(1)])
            let whole = node.has(2) ? node.add("Add", [sum, node.input(2)]) : sum
            node.give(whole, as: 0)
        },
        "com.microsoft.Trilu": .init(takes: 1...2) { node throws(ModelError) in
            let own = node.otherAttributes([])
            node.add("Trilu", node.node.inputs, own, as: 0)
        },
        "com.microsoft.GatherND": .init(takes: 2...2) { node throws(ModelError) in
            let own = node.otherAttributes([])
            node.add("GatherND", node.node.inputs, own, as: 0)
        },
        "com.microsoft.Pad": .init(takes: 2...3) { node throws(ModelError) in
            let own = node.otherAttributes([])
            node.add("Pad", node.node.inputs, own, as: 0, opset: 13)
        },
        "com.microsoft.Range": .init(takes: 2...3) { node throws(ModelError) in
            guard node.has(2) else { throw node.fail("Range needs a step") }
            node.add("Range", node.node.inputs, as: 0)
        },
    ]
}

extension Replacement {
    /// x · σ(alpha · x).
    @discardableResult
    fileprivate mutating func swish(
        _ value: String,
        _ alpha: Float,
        as output: Int? = nil
    ) -> String {
        add("Swish", [value], ["alpha": .float(alpha)], as: output)
    }
}
