import Compute
import Graph
import KernelInterface

extension Families {
    static let rowNormalizations: [String: DeclaredOperator] = [
        "LayerNormalization": .init(LayerNormalization.self, takes: 2...3, gives: 1...3),
        "RMSNormalization": .init(LayerNormalization.self, takes: 2...2, gives: 1...1),
    ]
}

/// (x − mean) / √(variance + epsilon) · scale + bias over all axes from `axis` on, and RMS normalisation, which leaves
/// the mean where it is.
struct LayerNormalization: PlannedOperator {
    private let axis: Int
    private let epsilon: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        epsilon = Double(try attributes.float("epsilon", default: 1e-5))
        let type = try attributes.int("stash_type", default: 1)
        guard type == 1 || type == 11 else {
            throw attributes.mismatch("stash_type", "1", .int(type))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var values = try operands.floats(0)
        let shape = input.shape.dimensions
        let axis = try operands.axis(axis, rank: shape.count)
        let isCentred = operands.node.op == "LayerNormalization"
        let scale = try weights(operands, 1, shape, standard: 1)
        let bias = isCentred ? try weights(operands, 2, shape, standard: 0) : nil
        let size = shape[axis...].reduce(1, *)
        guard size > 0 else {
            throw operands.fail("\(input.shape) has nothing to normalise from axis \(axis) on")
        }
        var (means, inverses): ([Double], [Double]) = ([], [])
        for row in 0..<values.count / size {
            let range = row * size..<(row + 1) * size
            let moments = Moments(Array(values[range]))
            let square =
                isCentred
                ? moments.variance : values[range].reduce(0) { $0 + $1 * $1 } / Double(size)
            let inverse = 1 / (square + epsilon).squareRoot()
            let mean = isCentred ? moments.mean : 0
            for index in range {
                values[index] =
                    (values[index] - mean) * inverse * (scale?[index] ?? 1) + (bias?[index] ?? 0)
            }
            means.append(mean)
            inverses.append(inverse)
        }
        var outputs = [try operands.result(shape, values, input.type)]
        guard isCentred else { return outputs }
        let kept = shape[..<axis] + Array(repeating: 1, count: shape.count - axis)
        for statistics in [means, inverses] {
            outputs.append(try operands.result(Array(kept), statistics, .float32))
        }
        return outputs
    }

    /// One weight per element of the input.
    private func weights(
        _ operands: Operands,
        _ index: Int,
        _ shape: [Int],
        standard: Double
    ) throws(ModelError) -> [Double]? {
        guard let given = operands.optional(index) else { return nil }
        guard try operands.broadcast([Shape(shape), given.shape]) == shape else {
            throw operands.fail("weights \(given.shape) do not fit \(Shape(shape))")
        }
        return try operands.floats(index)
            .picked(broadcastOffsets(given.shape.dimensions, to: shape))
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let isCentred = node.op == "LayerNormalization"
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
        let scale = try rowWeights(node, 1, sizes, into: &plan)
        let bias = isCentred ? try rowWeights(node, 2, sizes, into: &plan) : nil
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
    private func rowWeights(
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
