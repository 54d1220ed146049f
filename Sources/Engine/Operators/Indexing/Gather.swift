import Compute
import Graph

extension Families {
    static let gathers: [String: DeclaredOperator] = [
        "Gather": .init(Gather.self, takes: 2...2, gives: 1...1, parameters: ["weight"])
    ]
}

/// Slices of a value by index along `axis`: with axis 0 of a constant table, an embedding.
struct Gather: PlannedOperator {
    static var bytesPerInput: Int { 0 }
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let size = input.shape.dimensions
        let axis = try operands.axis(axis, rank: size.count)
        let indices = try operands.indices(1, size: size[axis])
        let inner = size[(axis + 1)...].reduce(1, *)
        let outer = size[..<axis].reduce(1, *)
        let places = try operands(1).shape.dimensions
        let shape = Array(size[..<axis]) + places + Array(size[(axis + 1)...])
        var sources: [Int] = []
        sources.reserveCapacity(try operands.count(Array(shape)))
        for block in 0..<outer {
            for index in indices {
                let start = (block * size[axis] + index) * inner
                sources.append(contentsOf: start..<start + inner)
            }
        }
        return [input.picking(sources, shape: Array(shape))]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let table = plan.constant(node, 0)
        let floats = table?.storedFloats
        let shape: Shape
        if let table { shape = table.shape } else { shape = try plan.typedShape(node, 0) }
        let axis = try normalised(axis, rank: shape.rank, node)
        let indices = try plan.indices(node, 1, limits: [shape[axis]])
        guard let floats else {
            let source = try plan.typed(node, 0)
            let type = plan[source].type
            let rows = GatheredRows(shape, axis, plan.shape(of: indices), width: plan[source].width)
            let output = try plan.define(node.outputs[0], rows.shape, .dense, type: type)
            plan.step(
                node.name,
                chunks: rows.chunks,
                reads: [source, indices],
                writes: [output],
                isExact: true
            ) { placement in
                let (from, places) = (placement[source], placement[indices])
                return rows.body(places, placement[output]) { from.position(in: $0) }
            }
            return
        }
        let rows = GatheredRows(shape, axis, plan.shape(of: indices), width: 4)
        let output = try plan.define(node.outputs[0], rows.shape, .dense)
        let (store, key) = (plan.weights, "\(node.inputs[0])/rows")
        plan.step(node.name, chunks: rows.chunks, reads: [indices], writes: [output], isExact: true)
        {
            (placement) throws(ModelError) in
            let table = try Self.rows(floats, in: store, key)
            return rows.body(placement[indices], placement[output]) { _ in table.start }
        }
    }

    /// A constant table in memory, once for all plans of a model.
    private static func rows(
        _ values: StoredFloats,
        in store: WeightStore,
        _ key: String
    ) throws(ModelError) -> PackedWeights {
        try store.layer(key) { () throws(ModelError) in
            let rows = try PackedWeights(count: values.count) { (target) throws(ModelError) in
                try values.forEachPiece(rows: values.count) { part, floats in
                    (target + part.lowerBound).copy(from: floats)
                }
            }
            return PackedLayer(weights: rows, bias: Packing.vector([], .plain(0)))
        }.weights
    }
}

/// Slices along an axis, one for each index, as rows that are copied.
private struct GatheredRows: Sendable {
    let shape: Shape
    private let outer: Int
    private let limit: Int
    private let count: Int
    private let bytes: Int
    private let stretches: Stretches

    init(_ table: Shape, _ axis: Int, _ indices: Shape, width: Int) {
        let (before, after) = (table.dimensions[..<axis], table.dimensions[(axis + 1)...])
        shape = Shape(before + indices.dimensions + after)
        outer = before.reduce(1, *)
        limit = table[axis]
        count = indices.count
        bytes = after.reduce(1, *) * width
        stretches = Stretches(count, least: 65536 / max(1, outer * bytes), unit: 1)
    }

    var chunks: Int { stretches.chunks }

    func body(
        _ indices: Place,
        _ output: Place,
        table: @escaping @Sendable (PassArena) -> FloatPosition
    ) -> PlanBuilder.Body {
        { arena, chunk in
            let part = stretches[chunk]
            let places = indices.position(in: arena).bytes + part.lowerBound * 8
            let (source, target) = (table(arena).bytes, output.position(in: arena).bytes)
            for slice in 0..<outer {
                (target + (slice * count + part.lowerBound) * bytes).gather(
                    source + slice * limit * bytes,
                    rows: places,
                    count: part.count,
                    bytes: bytes
                )
            }
        }
    }
}
