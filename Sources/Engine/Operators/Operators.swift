package import Graph

/// All operators; one is added in a file of its family.
package enum Operators {
    package static let table = OperatorTable(operators: all)

    static let all: [String: DeclaredOperator] = {
        let families: [[String: DeclaredOperator]] = [
            Families.binaryFunctions, Families.clip, Families.gelu, Families.magnitudes,
            Families.realFunctions, Families.variadicFunctions, Families.helpers,
            Families.classTests, Families.comparisons, Families.logic, Families.selection,
            Families.controls, Families.conversions, Families.backwardConvolutions,
            Families.convolutions, Families.ownConvolutions, Families.detections, Families.grids,
            Families.eyes, Families.generators, Families.conditionalChoices,
            Families.elementGathers, Families.gathers, Families.oneHot, Families.scatters,
            Families.joints, Families.paddings, Families.rearrangements, Families.renamings,
            Families.resizes, Families.sizes, Families.slices, Families.transpositions,
            Families.triangles, Families.batchNormalization, Families.groupNormalizations,
            Families.normalizations,
            Families.rowNormalizations, Families.pools, Families.unpoolings,
            Families.einsteinSums, Families.grams, Families.matrixProducts,
            Families.scaledProducts, Families.quantizations, Families.ownIntegers, Families.cells,
            Families.statefulLayers, Families.choices, Families.extremes, Families.rankings,
            Families.reductions, Families.runningTotals, Families.softmaxes, Families.signals,
            Families.labels, Families.texts,
        ]
        return Dictionary(uniqueKeysWithValues: families.joined().map { ($0.key, $0.value) })
    }()

    /// The names of all operators, those of our own too.
    package static var names: some Collection<String> { all.keys }

    /// Names of the weights that a layer of model.json brings along; nil for an operator nobody knows.
    package static func parameters(of op: String) -> [String]? { all[op]?.parameters }

    /// Those whose first weights are kernels.
    static let convolutions = Set(all.filter { $0.value.traits.contains(.kernels) }.keys)

    package static func has(_ traits: OperatorTraits, _ op: String) -> Bool {
        all[op]?.traits.isSuperset(of: traits) ?? false
    }

    /// - Throws: what is wrong with the attributes of a layer.
    package static func check(_ node: Node) throws(ModelError) { _ = try layer(node) }

    /// Whether a file may say a node: neither the operator nor an attribute is ours alone.
    package static func isOfOnnx(_ node: Node) -> Bool {
        (try? all[node.op]?.checkFile(node)) != nil
    }

    /// A node of model.json.
    static func layer(_ node: Node) throws(ModelError) -> any Operator { try table.planned(node) }

    /// A node of a file.
    static func make(_ node: Node) throws(ModelError) -> any Operator { try table.make(node) }

    /// Whether plans may take a node of this kind, or what it makes follows from shapes.
    static func mayBePlanned(_ op: String) -> Bool {
        all[op]?.isPlanned == true || ["Shape", "Size", "If"].contains(op)
    }
}
