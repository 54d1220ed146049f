import Compute

/// From indices to vectors.
enum Symbols {
    static let operators: [any Operator.Type] = [Gather.self, OneHot.self]
}

/// Rows of a constant table by index along axis 0: an embedding.
struct Gather: Operator {
    static let name = "Gather"

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let axis = try attributes.int("axis", default: 0)
        guard axis == 0 else { throw attributes.mismatch("axis", "0", .int(axis)) }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let table = plan.constant(node, 0), let values = table.floats, table.shape.rank >= 1,
            table.shape[0] > 0
        else {
            throw .shape(node: node.name, reason: "the table of Gather must be a constant of floats")
        }
        let row = table.shape.dimensions.dropFirst().reduce(1, *)
        let storage = FloatStorage(count: values.count)
        for (index, value) in values.enumerated() { storage[index] = value }
        let tail = Array(table.shape.dimensions.dropFirst())
        try lowerLookup(node, input: 1, count: table.shape[0], tail: tail, into: &plan) {
            output, index in
            output.copy(from: storage.start + index * row, count: row)
        }
    }
}

/// Vectors of `depth` zeros with a one at the index; our own attribute form of ONNX's third input.
struct OneHot: Operator {
    static let name = "OneHot"
    let depth: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        depth = try attributes.int("depth", default: 0)
        guard depth >= 1, depth <= 1 << 24 else {
            throw attributes.mismatch("depth", "a number from 1", .int(depth))
        }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let depth = depth
        try lowerLookup(node, input: 0, count: depth, tail: [depth], into: &plan) {
            output, index in
            output.fill(0, count: depth)
            output[index] = 1
        }
    }
}

/// One vector per index. Indices are checked before they reach a plan; one outside is clamped here,
/// so that nothing ever reads past a table.
private func lowerLookup(
    _ node: Node,
    input index: Int,
    count: Int,
    tail: [Int],
    into plan: inout PlanBuilder,
    write: @escaping @Sendable (_ output: FloatPosition, _ index: Int) -> Void
) throws(ModelError) {
    let indices = try plan.input(node, index)
    guard plan[indices].type == .int64 else {
        throw .shape(node: node.name, reason: "the indices of \(node.op) must be integers")
    }
    let shape = plan.shape(of: indices)
    let output = try plan.define(node.outputs[0], Shape(shape.dimensions + tail), .dense)
    let (lookups, width) = (shape.count, tail.reduce(1, *))
    plan.step(node.name, chunks: 1, reads: [indices], writes: [output]) { placement in
        let (from, to) = (placement[indices], placement[output])
        return { arena, _ in
            let input = from.position(in: arena)
            let output = to.position(in: arena)
            for lookup in 0..<lookups {
                write(output + lookup * width, clampedIndex(input.integer(at: lookup), count))
            }
        }
    }
}

/// ONNX counts negative indices from the end.
func clampedIndex(_ index: Int32, _ count: Int) -> Int {
    let position = index < 0 ? Int(index) + count : Int(index)
    return min(max(position, 0), count - 1)
}
