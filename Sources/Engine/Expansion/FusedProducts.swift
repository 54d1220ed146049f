import Compute
import Graph

extension Expansion {
    /// Products that onnxruntime's optimiser joins with what stands around them.
    static let fusedProducts: [String: Expansion] = [
        "com.microsoft.FusedMatMul": .init(takes: 2...2) { node throws(ModelError) in
            let product = try node.fusedProduct()
            node.give(product, as: 0)
        },
        "com.microsoft.TransposeMatMul": .init(takes: 2...2) { node throws(ModelError) in
            let product = try node.fusedProduct()
            node.give(product, as: 0)
        },
        "com.microsoft.FusedMatMulActivation": .init(takes: 2...2) { node throws(ModelError) in
            let product = try node.fusedProduct()
            let name = try node.attributes.string("activation", default: "")
            var parameters: [Float] = []
            for word in ["alpha", "beta", "gamma", "axis"] {
                guard node.attributes.has("activation_\(word)") else { continue }
                parameters.append(try node.attributes.float("activation_\(word)", default: 0))
            }
            try node.activate(product, name, parameters)
        },
        "com.microsoft.FusedGemm": .init(takes: 2...3) { node throws(ModelError) in
            let name = try node.attributes.string("activation", default: "")
            let words = ["activation_alpha", "activation_beta", "activation_gamma"]
            var parameters: [Float] = []
            for word in words where node.attributes.has(word) {
                parameters.append(try node.attributes.float(word, default: 0))
            }
            let own = node.otherAttributes(Set(words + ["activation"]))
            let product = node.add("Gemm", node.node.inputs, own)
            try node.activate(product, name, parameters)
        },
        "com.microsoft.GemmFastGelu": .init(takes: 2...3) { node throws(ModelError) in
            var sum = node.add("MatMul", [node.input(0), node.input(1)])
            if node.has(2) { sum = node.add("Add", [sum, node.input(2)]) }
            node.add("Gelu", [sum], ["approximate": .string("tanh")], as: 0)
        },
    ]

    /// Operators over windows that onnxruntime's optimiser joins with what stands around them.
    static let fusedWindows: [String: Expansion] = [
        "com.microsoft.FusedConv": .init(takes: 2...4) { node throws(ModelError) in
            let name = try node.attributes.string("activation", default: "")
            let parameters = try node.attributes.floats("activation_params") ?? []
            let own = node.otherAttributes(["activation", "activation_params"])
            var sum = node.add("Conv", (0..<3).map { node.input($0) }, own)
            if node.has(3) { sum = node.add("Add", [sum, node.input(3)]) }
            try node.activate(sum, name, parameters)
        },
        "com.microsoft.NhwcMaxPool": .init(takes: 1...1) { node throws(ModelError) in
            guard case .ints(let kernel)? = node.node.attributes["kernel_shape"],
                (1...3).contains(kernel.count)
            else { throw node.fail("kernel_shape must be one to three sizes") }
            let rank = kernel.count + 2
            let own = node.otherAttributes([])
            let inward = [0, rank - 1] + Array(1..<rank - 1)
            let inner = node.add("Transpose", [node.input(0)], .order(inward))
            let pooled = node.add("MaxPool", [inner], own)
            node.add("Transpose", [pooled], .order([0] + Array(2..<rank) + [1]), as: 0)
        },
        "com.microsoft.GridSample": .init(takes: 2...2) { node throws(ModelError) in
            let own = node.otherAttributes([])
            node.add("GridSample", node.node.inputs, own, as: 0)
        },
        "com.microsoft.Rfft": .init(takes: 1...1) { node throws(ModelError) in
            try node.checkFourier()
            let last = node.integers([-1])
            let signal = node.add("Unsqueeze", [node.input(0), last])
            node.add("DFT", [signal, "", node.axis(-2)], ["onesided": .int(1)], as: 0)
        },
        "com.microsoft.Irfft": .init(takes: 1...1) { node throws(ModelError) in
            try node.checkFourier()
            let signal = node.add(
                "DFT",
                [node.input(0), "", node.axis(-2)],
                ["inverse": .int(1), "onesided": .int(1)]
            )
            node.add("Squeeze", [signal, node.integers([-1])], as: 0)
        },
    ]
}

extension [String: Attribute] {
    /// The order of a Transpose's axes.
    static func order(_ axes: [Int]) -> Self { ["perm": .ints(axes)] }
}

extension Replacement {
    /// Gives the first output: a value after the function that an operator is joined with.
    fileprivate mutating func activate(
        _ value: String,
        _ name: String,
        _ parameters: [Float]
    ) throws(ModelError) {
        func named(_ words: [String]) throws(ModelError) -> [String: Attribute] {
            guard parameters.count <= words.count else {
                throw fail("\(name) does not take the parameters \(parameters)")
            }
            return Dictionary(
                uniqueKeysWithValues: zip(words, parameters).map { ($0, .float($1)) }
            )
        }
        switch name {
        case "": give(value, as: 0)
        case "Relu", "Tanh", "Sigmoid", "Softsign", "HardSwish":
            add(name, [value], as: 0)
        case "Softplus": add(name, [value], as: 0)
        case "LeakyRelu", "Elu", "ThresholdedRelu", "Celu":
            add(name, [value], try named(["alpha"]), as: 0)
        case "HardSigmoid": add(name, [value], try named(["alpha", "beta"]), as: 0)
        case "Selu": add(name, [value], try named(["alpha", "gamma"]), as: 0)
        case "Clip":
            guard parameters.count == 2 else { throw fail("Clip has two bounds") }
            let bounds = parameters.map { number(Double($0), like: value) }
            add("Clip", [value] + bounds, as: 0)
        default:
            throw attributes.mismatch("activation", "a known function", .string(name))
        }
    }

    /// alpha · A' · B', where matrices may be turned.
    fileprivate mutating func fusedProduct() throws(ModelError) -> String {
        let alpha = Double(try attributes.float("alpha", default: 1))
        var factors = [input(0), input(1)]
        for (index, letter) in ["A", "B"].enumerated() {
            // Whole batches turned round are no form that PyTorch's or TensorFlow's networks lead to.
            guard !(try attributes.flag("transBatch\(letter)", default: false)) else {
                throw attributes.mismatch("transBatch\(letter)", "0", .int(1))
            }
            if try attributes.flag("trans\(letter)", default: false) {
                factors[index] = add(MatrixTranspose.name, [factors[index]])
            }
        }
        let product = add("MatMul", factors)
        return alpha == 1 ? product : add("Mul", [product, number(alpha, like: product)])
    }

    /// An axis as an input.
    fileprivate mutating func axis(_ axis: Int) -> String {
        constant(Tensor(shape: [], integers: [axis]))
    }

    fileprivate mutating func checkFourier() throws(ModelError) {
        let isNormalized = try attributes.flag("normalized", default: false)
        let isOneSided = try attributes.flag("onesided", default: true)
        let axes = try attributes.int("signal_ndim", default: 1)
        guard !isNormalized, isOneSided, axes == 1 else {
            throw fail("\(node.op) is known for one axis, one-sided and not normalised")
        }
    }
}
