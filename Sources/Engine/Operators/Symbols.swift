import Compute
import Graph

/// From indices to vectors.
enum Symbols {
    static let operators: [any Operator.Type] = [Gather.self, OneHot.self]
}

/// Slices of a constant table by index along `axis`: with axis 0, an embedding.
struct Gather: Operator {
    static let name = "Gather"
    static let parameters = ["weight"]
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let table = plan.constant(node, 0), let values = table.storedFloats,
            table.shape.rank >= 1
        else {
            throw .shape(
                node: node.name,
                reason: "the table of Gather must be a constant of floats"
            )
        }
        let axis = try normalised(axis, rank: table.shape.rank, node)
        let count = table.shape[axis]
        guard count >= 1 else { throw .shape(node: node.name, reason: "the table is empty") }
        let row = table.shape.dimensions[(axis + 1)...].reduce(1, *)
        let (store, key) = (plan.weights, "\(node.inputs[0])/rows")
        try lowerLookup(node, input: 1, table: table.shape, axis: axis, into: &plan) {
            () throws(ModelError) in
            let rows = try store.layer(key) { () throws(ModelError) in
                let rows = try PackedWeights(count: values.count) {
                    (target) throws(ModelError) in
                    try values.forEachPiece(rows: values.count) { part, floats in
                        (target + part.lowerBound).copy(from: floats)
                    }
                }
                return PackedLayer(weights: rows, bias: Packing.vector([], .plain(0)))
            }.weights
            return { output, outer, index in
                // Tokens are checked before they reach a plan; clamping keeps any other index inside.
                let position = min(max(wrapped(index, count), 0), count - 1)
                output.copy(from: rows.start + (outer * count + position) * row, count: row)
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
        guard let depth = plan.constant(node, 1)?.integers?.first, (1...1 << 24).contains(depth),
            let values = plan.constant(node, 2)?.floats, values.count == 2
        else {
            throw .shape(
                node: node.name,
                reason: "OneHot needs a constant depth and two constant values"
            )
        }
        let indices = try plan.inputShape(node, 0)
        let axis = try normalised(axis, rank: indices.rank + 1, node)
        let inner = indices.dimensions[axis...].reduce(1, *)
        var shape = indices.dimensions
        shape.insert(depth, at: axis)
        try lowerIndices(node, input: 0, Shape(shape), into: &plan) { [wraps] in
            { output, position, index in
                let start = (position / inner) * depth * inner + position % inner
                let hot = wraps ? wrapped(index, depth) : Int(index)
                for element in 0..<depth {
                    output[start + element * inner] = values[element == hot ? 1 : 0]
                }
            }
        }
    }
}

/// ONNX counts negative indices from the end.
func wrapped(_ index: Int32, _ count: Int) -> Int {
    index < 0 ? Int(index) + count : Int(index)
}

/// One slice of a table per index, for every position before `axis`.
private func lowerLookup(
    _ node: Node,
    input: Int,
    table: Shape,
    axis: Int,
    into plan: inout PlanBuilder,
    bind: @escaping () throws(ModelError) -> IndexVisitor
) throws(ModelError) {
    let indices = try plan.inputShape(node, input)
    let before = table.dimensions[..<axis]
    let after = table.dimensions[(axis + 1)...]
    let (outer, row, count) = (before.reduce(1, *), after.reduce(1, *), indices.count)
    let shape = Shape(before + indices.dimensions + after)
    try lowerIndices(node, input: input, shape, into: &plan) { () throws(ModelError) in
        let write = try bind()
        return { output, position, index in
            for slice in 0..<outer {
                write(output + (slice * count + position) * row, slice, index)
            }
        }
    }
}

/// What is done with an index; `place` is a slice before the axis, or the index's position.
private typealias IndexVisitor =
    @Sendable (_ output: FloatPosition, _ place: Int, _ index: Int32) -> Void

/// Visits every index once.
private func lowerIndices(
    _ node: Node,
    input: Int,
    _ shape: Shape,
    into plan: inout PlanBuilder,
    bind: @escaping () throws(ModelError) -> IndexVisitor
) throws(ModelError) {
    let indices = try plan.input(node, input)
    guard plan[indices].type == .int64 else {
        throw .shape(node: node.name, reason: "the indices of \(node.op) must be integers")
    }
    let count = plan.shape(of: indices).count
    let output = try plan.define(node.outputs[0], shape, .dense)
    plan.step(node.name, chunks: 1, reads: [indices], writes: [output]) {
        (placement) throws(ModelError) in
        let (from, to) = (placement[indices], placement[output])
        let visit = try bind()
        return { arena, _ in
            let input = from.position(in: arena)
            for position in 0..<count {
                visit(to.position(in: arena), position, input.integer(at: position))
            }
        }
    }
}
