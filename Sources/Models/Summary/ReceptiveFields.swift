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
    /// Along rows and columns; a series has one row.
    private struct Field {
        var size = [1, 1]
        var jump = [1, 1]
        /// Where the first value's window begins.
        var start: [Int]? = [0, 0]
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
                height: field.size[0],
                width: field.size[1],
                places: field.start.map {
                    .init(top: $0[0], left: $0[1], down: field.jump[0], right: field.jump[1])
                }
            )
        }
    }

    mutating func add(_ node: Node, _ constants: [String: Tensor], shapes: [String: Shape]) {
        let inputs = node.inputs.filter { fields[$0] != nil }
        guard let input = inputs.max(by: { side(of: $0) < side(of: $1) }),
            var field = fields[input], !Operators.has(.whole, node.op)
        else { return }
        let sides = [input, node.outputs.first ?? ""].map { shapes[$0]?.dimensions.dropFirst(2) }
        if Operators.has(.windows, node.op) {
            let window = SlidingWindow(node, constants)
            for axis in 0...1 {
                let before = window.added(
                    axis,
                    sides: sides.map { $0?.reversed().dropFirst(1 - axis).first }
                )
                field.start?[axis] -= before.map { bounded($0, field.jump[axis]) } ?? 0
                if before == nil { field.start = nil }
                field.size[axis] += bounded(window.reach(axis) - 1, field.jump[axis])
                field.jump[axis] = bounded(field.jump[axis], window.strides[axis])
            }
        } else if node.op != "Transpose", let from = sides[0], let to = sides[1], from != to {
            field.start = nil
        }
        for output in node.outputs { fields[output] = field }
    }

    private func side(of value: String) -> Int { fields[value]?.size[0] ?? 0 }
}

/// A product of sizes; strides of many layers may be beyond all pictures.
private func bounded(_ one: Int, _ other: Int) -> Int {
    let (product, overflow) = one.multipliedReportingOverflow(by: other)
    return overflow ? 1 << 40 : min(product, 1 << 40)
}

/// The window of a convolution or a pooling, along rows and columns.
private struct SlidingWindow {
    let strides: [Int]
    private let kernel: [Int]
    private let dilations: [Int]
    private let pads: [Int]
    /// `SAME_UPPER` or `SAME_LOWER`.
    private let same: String?

    init(_ node: Node, _ constants: [String: Tensor]) {
        kernel = Self.kernel(of: node, constants)
        strides = Self.pair(node, "strides")
        dilations = Self.pair(node, "dilations")
        switch node.attributes["pads"] {
        case .ints(let all) where all.count == 4: pads = [all[0], all[1]]
        case .ints(let all) where all.count == 2: pads = [0, all[0]]
        default: pads = [0, 0]
        }
        if case .string(let word) = node.attributes["auto_pad"], word.hasPrefix("SAME") {
            same = word
        } else {
            same = nil
        }
    }

    /// From the first to the last of its values.
    func reach(_ axis: Int) -> Int { bounded(kernel[axis] - 1, dilations[axis]) + 1 }

    /// What is added before the first value; nil where it follows from `sides`, before and after, which are not known.
    func added(_ axis: Int, sides: [Int?]) -> Int? {
        guard let same else { return pads[axis] }
        var total = reach(axis) - 1
        if strides[axis] > 1 {
            guard let before = sides[0], let after = sides[1] else { return nil }
            total = max(0, bounded(after - 1, strides[axis]) + reach(axis) - before)
        }
        return same == "SAME_LOWER" ? total - total / 2 : total / 2
    }

    private static func kernel(of node: Node, _ constants: [String: Tensor]) -> [Int] {
        if case .ints = node.attributes["kernel_shape"] { return pair(node, "kernel_shape") }
        guard node.inputs.count > 1, let shape = constants[node.inputs[1]]?.shape else {
            return [1, 1]
        }
        if node.op == "Conv", node.attributes["connections"] == nil, shape.rank == 3 {
            return [1, shape[2]]
        }
        // Kernels lie last, but for those of a tiling.
        let axis = node.op == "TiledConv" ? 2 : shape.rank - 2
        return shape.rank > axis + 1 && axis >= 1 ? [shape[axis], shape[axis + 1]] : [1, 1]
    }

    /// Rows and columns; a series has one row.
    private static func pair(_ node: Node, _ name: String) -> [Int] {
        guard case .ints(let values) = node.attributes[name], (1...2).contains(values.count) else {
            return [1, 1]
        }
        return values.count == 1 ? [1, values[0]] : values
    }
}
