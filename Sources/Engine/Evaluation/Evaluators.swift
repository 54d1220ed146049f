import Graph

/// Every evaluated operator by ONNX's name; one is added in its family's file.
enum Evaluators {
    static let all: [String: EvaluatedOperator] = {
        let families: [[String: EvaluatedOperator]] = [
            unaryFunctions, binaryFunctions, comparisons, conversions, renamings, rearrangements,
            joints, gathers, scatters, reductions, orders, softmaxes, products, windows,
            normalizations, cells, generators, controls, resizes, quantizations, detections, grids,
            unpoolings, signals, choices, helpers, texts, labels, statefulLayers, grams,
        ]
        return Dictionary(uniqueKeysWithValues: families.joined().map { ($0.key, $0.value) })
    }()

    static func make(_ node: Node) throws(ModelError) -> any Evaluated {
        guard let declared = all[node.op] else {
            throw .unsupportedOperator(node: node.name, op: node.op)
        }
        try declared.checkArity(of: node)
        var attributes = AttributeReader(node)
        let made = try declared.type.init(&attributes)
        try attributes.finish()
        return made
    }
}
