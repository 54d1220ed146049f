import Engine
import Graph

/// What of a picture, or of a series, which has one row, one value of a layer sees.
public struct ReceptiveField: Equatable, Sendable {
    public let height: Int
    public let width: Int
    /// Where the windows of a layer's values lie; nil where that is not the same from value to value, or not known.
    public let places: Places?

    /// The window of the value (row, column) begins at `top` + row · `down` and `left` + column · `right`, and may begin
    /// before the picture does.
    public struct Places: Equatable, Sendable {
        public let top: Int
        public let left: Int
        public let down: Int
        public let right: Int
    }

    /// A window of known size.
    public init(height: Int, width: Int, places: Places? = nil) {
        (self.height, self.width, self.places) = (height, width, places)
    }
}

/// Follows windows through the layers: r' = r + (k − 1)·d·j, s' = s − p·j, j' = j·stride.
struct ReceptiveFields {
    private struct Field {
        var size = (1, 1)
        var jump = (1, 1)
        /// Where the first value's window begins.
        var start: (Int, Int)? = (0, 0)
    }

    private var fields: [String: Field] = [:]

    init(manifest: Manifest) {
        switch manifest.input {
        case .image(let name, _, _, _), .series(let name, _, _): fields[name] = Field()
        case .tokens, .clock, .tensors: break
        }
    }

    subscript(value: String) -> ReceptiveField? {
        fields[value].map { field in
            ReceptiveField(
                height: field.size.0,
                width: field.size.1,
                places: field.start.map {
                    .init(top: $0.0, left: $0.1, down: field.jump.0, right: field.jump.1)
                }
            )
        }
    }

    mutating func add(_ node: Node, _ constants: [String: Tensor], shapes: [String: Shape]) {
        let inputs = node.inputs.filter { fields[$0] != nil }
        guard let input = inputs.max(by: { side(of: $0) < side(of: $1) }),
            var field = fields[input], !Operators.has(.whole, node.op)
        else { return }
        let (from, to) = (shapes[input], node.outputs.first.flatMap { shapes[$0] })
        if Operators.has(.windows, node.op) {
            let kernel = window(node, constants)
            let (strides, dilations) = (pair(node, "strides"), pair(node, "dilations"))
            if let pads = Self.pads(node, kernel, strides, dilations, from, to),
                let start = field.start
            {
                field.start = (
                    start.0 - Self.bounded(pads.0, field.jump.0),
                    start.1 - Self.bounded(pads.1, field.jump.1)
                )
            } else {
                field.start = nil
            }
            field.size.0 += Self.bounded((kernel.0 - 1) * dilations.0, field.jump.0)
            field.size.1 += Self.bounded((kernel.1 - 1) * dilations.1, field.jump.1)
            field.jump = (
                Self.bounded(field.jump.0, strides.0), Self.bounded(field.jump.1, strides.1)
            )
        } else if node.op != "Transpose", let from, let to, Self.sides(from) != Self.sides(to) {
            field.start = nil
        }
        for output in node.outputs { fields[output] = field }
    }

    private func side(of value: String) -> Int { fields[value]?.size.0 ?? 0 }

    /// The last two axes; one of a series.
    private static func sides(_ shape: Shape?) -> [Int] {
        shape.map { Array($0.dimensions.dropFirst(2)) } ?? []
    }

    /// Rows and columns added before the first; nil where they follow from sizes that are not known.
    private static func pads(
        _ node: Node,
        _ kernel: (Int, Int),
        _ strides: (Int, Int),
        _ dilations: (Int, Int),
        _ from: Shape?,
        _ to: Shape?
    ) -> (Int, Int)? {
        if case .ints(let pads) = node.attributes["pads"], [2, 4].contains(pads.count) {
            return pads.count == 2 ? (0, pads[0]) : (pads[0], pads[1])
        }
        guard case .string(let word) = node.attributes["auto_pad"], word.hasPrefix("SAME") else {
            return (0, 0)
        }
        let (before, after) = (sides(from), sides(to))
        /// Axes are counted from the last one: a series has no rows.
        func added(_ axis: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int? {
            let reach = (kernel - 1) * dilation + 1
            var total = reach - 1
            if stride > 1 {
                guard min(before.count, after.count) > axis else { return nil }
                let (before, after) = (before.reversed()[axis], after.reversed()[axis])
                total = max(0, bounded(after - 1, stride) + reach - before)
            }
            return word == "SAME_LOWER" ? total - total / 2 : total / 2
        }
        guard let columns = added(0, kernel.1, strides.1, dilations.1) else { return nil }
        if before.count == 1 { return (0, columns) }
        return added(1, kernel.0, strides.0, dilations.0).map { ($0, columns) }
    }

    /// A product of sizes; strides of many layers may be beyond all pictures.
    private static func bounded(_ one: Int, _ other: Int) -> Int {
        let (product, overflow) = one.multipliedReportingOverflow(by: other)
        return overflow ? 1 << 40 : min(product, 1 << 40)
    }

    private func window(_ node: Node, _ constants: [String: Tensor]) -> (Int, Int) {
        if case .ints = node.attributes["kernel_shape"] { return pair(node, "kernel_shape") }
        guard node.inputs.count > 1, let shape = constants[node.inputs[1]]?.shape else {
            return (1, 1)
        }
        if node.op == "Conv", node.attributes["connections"] == nil, shape.rank == 3 {
            return (1, shape[2])
        }
        // Kernels lie last, but for those of a tiling.
        let axis = node.op == "TiledConv" ? 2 : shape.rank - 2
        return shape.rank > axis + 1 && axis >= 1 ? (shape[axis], shape[axis + 1]) : (1, 1)
    }

    /// Rows and columns; a series has one row.
    private func pair(_ node: Node, _ name: String) -> (Int, Int) {
        guard case .ints(let values) = node.attributes[name], (1...2).contains(values.count) else {
            return (1, 1)
        }
        return values.count == 1 ? (1, values[0]) : (values[0], values[1])
    }
}
