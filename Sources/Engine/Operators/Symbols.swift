import Compute
import Graph

/// From indices to what they select.
enum Symbols {
    static let operators: [any Operator.Type] = [Gather.self, OneHot.self]
}

/// Slices of a value by index along `axis`: with axis 0 of a constant table, an embedding.
struct Gather: Operator {
    static let name = "Gather"
    static let parameters = ["weight"]
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
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

/// Vectors of `depth` that are on at the index and off elsewhere; an index outside is off everywhere.
///
/// Our own attribute: `wraps`, whether negative indices count from the end, as ONNX has it.
struct OneHot: Operator {
    static let name = "OneHot"
    private let axis: Int
    private let wraps: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        wraps = try attributes.flag("wraps", default: true)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let given = plan.constant(node, 1)?.elements.doubles?.first.map { Int(saturating: $0) }
        guard let count = given, (1...1 << 24).contains(count) else {
            throw .shape(node: node.name, reason: "OneHot is planned with a constant depth")
        }
        let indices = try plan.tokens(node, 0)
        let values = try plan.typed(node, 2)
        guard plan.shape(of: values).count == 2 else {
            throw .shape(node: node.name, reason: "OneHot needs two values")
        }
        let sizes = plan.shape(of: indices)
        let axis = try normalised(axis, rank: sizes.rank + 1, node)
        var shape = sizes.dimensions
        shape.insert(count, at: axis)
        let inner = sizes.dimensions[axis...].reduce(1, *)
        let (type, width, wraps) = (plan[values].type, plan[values].width, wraps)
        let output = try plan.define(node.outputs[0], Shape(shape), .dense, type: type)
        let outer = Stretches(
            sizes.count / max(1, inner),
            least: 32768 / max(1, count * inner),
            unit: 1
        )
        plan.step(
            node.name,
            chunks: outer.chunks,
            reads: [indices, values],
            writes: [output],
            isExact: true
        ) { placement in
            let (from, choice, to) = (placement[indices], placement[values], placement[output])
            return { arena, chunk in
                let part = outer[chunk]
                let numbers = choice.position(in: arena).bytes
                let places = from.position(in: arena).bytes + part.lowerBound * inner * 8
                let target =
                    to.position(in: arena).bytes + part.lowerBound * count * inner * width
                let all = part.count * count * inner
                target.move(numbers, width: width, count: all, steps: (0, 1))
                for index in 0..<part.count * inner {
                    let hot =
                        wraps ? wrapped(places[integer: index], count) : places[integer: index]
                    guard hot >= 0, hot < count else { continue }
                    let place = (index / inner * count + hot) * inner + index % inner
                    (target + place * width).copy(from: numbers + width, bytes: width)
                }
            }
        }
    }
}

extension PlanBuilder {
    /// An operand's numbers as int64, whatever they select.
    mutating func tokens(_ node: Node, _ index: Int) throws(ModelError) -> ValueID {
        try converted(typed(node, index), to: .int64, for: node)
    }
}

extension PlanBuilder {
    /// What a recurrent layer reads: numbers, or indices of the `depth` rows of a table.
    ///
    /// Indices that a caller gives were looked at before; computed ones are by a step.
    mutating func sequence(
        _ node: Node,
        _ index: Int,
        depth: Int?
    ) throws(ModelError) -> ValueID {
        guard let count = depth else { return try input(node, index) }
        let isGiven = graph.inputs.contains { $0.name == node.inputs[index] }
        return try isGiven ? tokens(node, index) : indices(node, index, limits: [count])
    }
}

/// ONNX counts negative indices from the end.
func wrapped(_ index: Int, _ count: Int) -> Int {
    index < 0 ? index &+ count : index
}
