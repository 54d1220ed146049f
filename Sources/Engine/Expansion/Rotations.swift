import Compute
import Graph

extension Replacement {
    /// Pairs of numbers turned by angles that depend on their place in the sequence.
    mutating func rotation() throws(ModelError) {
        let isInterleaved = try attributes.flag("interleaved", default: false)
        let width = try attributes.int("rotary_embedding_dim", default: 0, in: 0...1 << 20)
        let heads = try attributes.int("num_heads", default: 0, in: 0...1 << 20)
        let isFlat = heads > 0 && shape(input(0))?.count != 4
        let whole = isFlat ? add("Reshape", [input(0), integers([0, 0, heads, -1])]) : input(0)
        let last = integers([3])
        func slice(_ node: inout Replacement, _ value: String, _ range: [Int]) -> String {
            let bounds = range.prefix(2).map { node.integers([$0]) } + [last]
            let step = range.count > 2 ? [node.integers([range[2]])] : []
            return node.add("Slice", [value] + bounds + step)
        }
        let turned = width > 0 ? slice(&self, whole, [0, width]) : whole
        let pair =
            isInterleaved
            ? [slice(&self, turned, [0, 1 << 31, 2]), slice(&self, turned, [1, 1 << 31, 2])]
            : add("Split", [turned], ["axis": .int(3), "num_outputs": .int(2)], outputs: 2)
        var angles: [String] = []
        for table in [input(1), input(2)] {
            let rows = has(3) ? add("Gather", [table, input(3)]) : table
            angles.append(add("Unsqueeze", [rows, integers([isFlat ? 2 : 1])]))
        }
        func product(_ node: inout Replacement, _ a: Int, _ b: Int) -> String {
            node.add("Mul", [angles[a], pair[b]])
        }
        let real = add("Sub", [product(&self, 0, 0), product(&self, 1, 1)])
        let imaginary = add("Add", [product(&self, 1, 0), product(&self, 0, 1)])
        var result: String
        if isInterleaved {
            let axis = integers([4])
            let parts = [add("Unsqueeze", [real, axis]), add("Unsqueeze", [imaginary, axis])]
            let joined = add("Concat", parts, ["axis": .int(4)])
            result = add("Reshape", [joined, integers([0, 0, 0, -1])])
        } else {
            result = add("Concat", [real, imaginary], ["axis": .int(3)])
        }
        if width > 0 {
            let rest = slice(&self, whole, [width, 1 << 31])
            result = add("Concat", [result, rest], ["axis": .int(3)])
        }
        if isFlat {
            add("Reshape", [result, integers([0, 0, -1])], as: 0)
        } else {
            give(result, as: 0)
        }
    }
}
