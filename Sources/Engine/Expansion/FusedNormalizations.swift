import Compute
import Graph

extension Expansion {
    /// Normalisations that onnxruntime's optimiser finds, alone or with the sums before them.
    static let fusedNormalizations: [String: Expansion] = [
        "SimplifiedLayerNormalization": .init(takes: 2...2, gives: 1...2) {
            node throws(ModelError) in
            try node.simplified()
        },
        "com.microsoft.SimplifiedLayerNormalization": .init(takes: 2...2, gives: 1...2) {
            node throws(ModelError) in
            try node.simplified()
        },
        "com.microsoft.LayerNormalization": .init(takes: 2...3, gives: 1...3) {
            node throws(ModelError) in
            let own = node.otherAttributes([])
            node.add("LayerNormalization", node.node.inputs, own, named: node.node.outputs)
        },
        "com.microsoft.SkipLayerNormalization": .init(takes: 3...5, gives: 1...4) {
            node throws(ModelError) in
            let epsilon = try node.attributes.float("epsilon", default: 1e-12)
            let sum = node.skipSum(bias: 4)
            let outputs = (0..<3).map { node.isWanted($0) ? node.node.outputs[$0] : "" }
            node.add(
                "LayerNormalization",
                [sum, node.input(2), node.input(3)],
                ["epsilon": .float(epsilon)],
                named: outputs
            )
        },
        "com.microsoft.SkipSimplifiedLayerNormalization": .init(takes: 3...4, gives: 1...4) {
            node throws(ModelError) in
            let epsilon = try node.attributes.float("epsilon", default: 1e-12)
            guard !node.isWanted(1), !node.isWanted(2) else {
                throw node.fail("statistics for training are not given")
            }
            let sum = node.skipSum(bias: 3)
            node.add(
                "RMSNormalization",
                [sum, node.input(2)],
                ["epsilon": .float(epsilon)],
                as: 0
            )
        },
        "com.microsoft.EmbedLayerNormalization": .init(takes: 7...9, gives: 1...3) {
            node throws(ModelError) in
            try node.embeddings()
        },
        "com.microsoft.GroupNorm": .init(takes: 3...3) { node throws(ModelError) in
            try node.groups()
        },
    ]
}

extension Replacement {
    fileprivate mutating func simplified() throws(ModelError) {
        guard !isWanted(1) else { throw fail("statistics for training are not given") }
        let own = otherAttributes([])
        add("RMSNormalization", node.inputs, own, as: 0)
    }

    /// The first two inputs and perhaps a bias; the fourth output too.
    fileprivate mutating func skipSum(bias: Int) -> String {
        guard has(bias) else { return add("Add", [input(0), input(1)], as: 3) }
        return add("Add", [add("Add", [input(0), input(1)]), input(bias)], as: 3)
    }

    /// Words, places and segments from their tables, summed and normalised.
    fileprivate mutating func embeddings() throws(ModelError) {
        let epsilon = try attributes.float("epsilon", default: 1e-12)
        guard try attributes.int("mask_index_type", default: 1) == 1 || !isWanted(1) else {
            throw fail("other mask indices than counts are not known")
        }
        var sum = add("Gather", [input(2), input(0)])
        if has(8) {
            sum = add("Add", [sum, add("Gather", [input(3), input(8)])])
        } else {
            let length = add("Slice", [add("Shape", [input(0)]), integers([1]), integers([2])])
            sum = add("Add", [sum, add("Slice", [input(3), integers([0]), length])])
        }
        guard has(1) == has(4) else { throw fail("segments and their table come together") }
        if has(4) { sum = add("Add", [sum, add("Gather", [input(4), input(1)])]) }
        add("LayerNormalization", [sum, input(5), input(6)], ["epsilon": .float(epsilon)], as: 0)
        give(sum, as: 2)
        guard isWanted(1) else { return }
        guard has(7) else { throw fail("there is no mask to count") }
        add("ReduceSum", [input(7), integers([1])], ["keepdims": .int(0)], as: 1)
    }

    /// Groups of channels of pictures, the channels last or second.
    fileprivate mutating func groups() throws(ModelError) {
        let epsilon = try attributes.float("epsilon", default: 1e-5)
        let groups = try attributes.int("groups", default: 1, in: 1...1 << 20)
        let isLast = try attributes.flag("channels_last", default: true)
        let activates = try attributes.flag("activation", default: false)
        var value = input(0)
        if isLast { value = add("Transpose", [value], .order([0, 3, 1, 2])) }
        value = add(
            "GroupNormalization",
            [value, input(1), input(2)],
            ["epsilon": .float(epsilon), "num_groups": .int(groups)]
        )
        if activates { value = add("Swish", [value]) }
        if isLast {
            add("Transpose", [value], .order([0, 2, 3, 1]), as: 0)
        } else {
            give(value, as: 0)
        }
    }
}
