import Compute
import Graph
import KernelInterface

/// Normalisations of rows by statistics of their own.
enum RowNormalizations {
    static let operators: [any Operator.Type] = [LayerNormalization.self, RMSNormalization.self]
}

/// (x − mean) / √(variance + epsilon) · scale + bias over all axes from `axis` on.
struct LayerNormalization: Operator {
    static let name = "LayerNormalization"
    private let rows: NormalizedRows

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        rows = try NormalizedRows(&attributes, isCentred: true)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try rows.lower(node, into: &plan)
    }
}

/// x / √(mean of squares + epsilon) · scale over all axes from `axis` on.
struct RMSNormalization: Operator {
    static let name = "RMSNormalization"
    private let rows: NormalizedRows

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        rows = try NormalizedRows(&attributes, isCentred: false)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try rows.lower(node, into: &plan)
    }
}

/// What the two have in common; statistics are summed in 64 bits.
private struct NormalizedRows {
    let axis: Int
    let epsilon: Double
    let isCentred: Bool

    init(_ attributes: inout AttributeReader, isCentred: Bool) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        epsilon = Double(try attributes.float("epsilon", default: 1e-5))
        let type = try attributes.int("stash_type", default: 1)
        guard type == 1 else { throw attributes.mismatch("stash_type", "1", .int(type)) }
        self.isCentred = isCentred
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
            throw .shape(
                node: node.name,
                reason: "\(node.op) is planned without its statistics as outputs"
            )
        }
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let shape = plan.shape(of: source)
        let axis = try normalised(axis, rank: shape.rank, node)
        let sizes = Array(shape.dimensions[axis...])
        let scale = try weights(node, 1, sizes, into: &plan)
        let bias = isCentred ? try weights(node, 2, sizes, into: &plan) : nil
        guard let scale, shape.count > 0 else {
            throw .shape(node: node.name, reason: "there is nothing to normalise")
        }
        let output = try plan.define(node.outputs[0], shape, .dense)
        let count = sizes.reduce(1, *)
        let rows = shape.count / count
        let parts = Stretches(rows, least: 16384 / count, unit: 1)
        let geometry = NormalizationGeometry(
            count: count,
            epsilon: epsilon,
            isCentred: isCentred ? 1 : 0
        )
        let kernels = plan.kernels
        let reads = [source, scale] + [bias].compactMap { $0 }
        plan.step(node.name, chunks: parts.chunks, reads: reads, writes: [output], isExact: true) {
            placement in
            let (from, to, factors) = (placement[source], placement[output], placement[scale])
            let offsets = bias.map { placement[$0] }
            return { arena, chunk in
                let part = parts[chunk]
                kernels.normalize(
                    geometry,
                    from.position(in: arena) + part.lowerBound * count,
                    scale: factors.position(in: arena),
                    bias: offsets?.position(in: arena),
                    into: to.position(in: arena) + part.lowerBound * count,
                    rows: part.count
                )
            }
        }
    }

    /// One number for each of a row's elements; nil if the input is absent.
    private func weights(
        _ node: Node,
        _ index: Int,
        _ sizes: [Int],
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID? {
        guard let given = try plan.optionalInput(node, index) else { return nil }
        let shape = plan.shape(of: given)
        guard Array(shape.dimensions.drop { $0 == 1 }) == Array(sizes.drop { $0 == 1 }) else {
            throw .shape(node: node.name, reason: "weights \(shape) are not one for each element")
        }
        return try plan.value(given, as: .dense)
    }
}
