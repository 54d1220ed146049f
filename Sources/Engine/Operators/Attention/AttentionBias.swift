import Graph

extension Families {
    /// Operators that no file names: expansions need them.
    static let helpers: [String: DeclaredOperator] = [
        AttentionBias.name: .init(AttentionBias.self, takes: 2...5, gives: 1...3),
        Attention.name: .init(Attention.self, takes: 3...5, gives: 1...1),
        HeadShapes.name: .init(HeadShapes.self, takes: 1...1, gives: 4...4),
        MatrixTranspose.name: .init(MatrixTranspose.self, takes: 1...1, gives: 1...1),
    ]
}

/// What hides keys from queries: 0 where a query sees a key, −∞ where not, plus a mask that is added.
///
/// Inputs: the shapes of queries and keys, [batch, heads, length, size] each; a mask of truth values or numbers, whose
/// last axis may end early; the shape of keys that came before; for each batch the number of keys that count. Outputs:
/// the bias with 0 in rows that see nothing, the bias as it is, and for each row 1 or, if it sees nothing, 0.
struct AttentionBias: Operator {
    static let name = "striate.AttentionBias"

    private let isCausal: Bool
    private let left: Int
    private let right: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isCausal = try attributes.flag("is_causal", default: false)
        left = try attributes.int("left_window_size", default: -1, in: -1...1 << 31)
        right = try attributes.int("right_window_size", default: -1, in: -1...1 << 31)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (queries, keys) = (try operands.integers(0), try operands.integers(1))
        guard queries.count == 4, keys.count == 4, (queries + keys).allSatisfy({ $0 >= 0 }) else {
            throw operands.fail("queries \(queries) and keys \(keys) need four axes")
        }
        let lengths = try operands.optionalIntegers(4)
        guard lengths.map({ $0.count == queries[0] }) ?? true else {
            throw operands.fail("\(queries[0]) batches need as many lengths")
        }
        let past = try operands.optionalIntegers(3)
        guard past.map({ $0.count == 4 && $0[2] >= 0 }) ?? true else {
            throw operands.fail("past keys need four axes")
        }
        let mask = try mask(operands, keys: keys[2])
        let square = Shape([queries[2], keys[2]])
        let perBatch = Shape([queries[0], 1, queries[2], keys[2]])
        let shape = try operands.broadcast(
            [lengths == nil ? square : perBatch] + (mask.map { [Shape($0.shape)] } ?? [])
        )
        guard shape.suffix(2) == square.dimensions[...] else {
            throw operands.fail("the mask \(mask?.shape ?? []) does not fit \(square)")
        }
        let places = mask.flatMap { broadcastOffsets($0.shape, to: shape) }
        var open = [Double](repeating: 0, count: try operands.count(shape))
        let batchSize = open.count / max(shape[0], 1)
        for place in open.indices {
            try operands.poll(at: place)
            let length = lengths.map { $0[shape[0] == 1 ? 0 : place / batchSize] }
            let start = past?[2] ?? length.map { $0 - queries[2] } ?? 0
            let (query, key) = (place / keys[2] % queries[2] + start, place % keys[2])
            if let mask { open[place] = mask.values[places?[place] ?? place] }
            if isHidden(query, key) || length.map({ key >= $0 }) ?? false {
                open[place] = -.infinity
            }
        }
        return try results(operands, open: open, shape: shape, keys: keys[2])
    }

    private func isHidden(_ query: Int, _ key: Int) -> Bool {
        isCausal && key > query || left >= 0 && query - key > left
            || right >= 0 && key - query > right
    }

    private func results(
        _ operands: Operands,
        open: [Double],
        shape: [Int],
        keys: Int
    ) throws(ModelError) -> [Tensor] {
        var (safe, keep) = (open, [Double]())
        let rows = keys == 0 ? 0 : open.count / keys
        for row in 0..<rows {
            let range = row * keys..<(row + 1) * keys
            let seesNothing = open[range].allSatisfy { $0 == -.infinity }
            keep.append(seesNothing ? 0 : 1)
            if seesNothing { for place in range { safe[place] = 0 } }
        }
        var keptShape = shape
        keptShape[keptShape.count - 1] = 1
        if keys == 0 { keep = [Double](repeating: 0, count: try operands.count(keptShape)) }
        return [
            try operands.result(shape, safe, .float32),
            try operands.result(shape, open, .float32),
            try operands.result(keptShape, keep, .float32),
        ]
    }

    /// The mask as what is added; keys behind its end are hidden.
    private func mask(
        _ operands: Operands,
        keys: Int
    ) throws(ModelError) -> (values: [Double], shape: [Int])? {
        guard let mask = operands.optional(2) else { return nil }
        guard let own = mask.shape.dimensions.last, own <= keys else {
            throw operands.fail("the mask \(mask.shape) does not fit \(keys) keys")
        }
        guard var values = mask.elements.doubles else { throw operands.unfit(mask.type) }
        if mask.type == .bool { values = values.map { $0 == 0 ? -.infinity : 0 } }
        let shape = mask.shape.dimensions.dropLast() + [keys]
        _ = try operands.count(Array(shape))
        var result: [Double] = []
        let rows = shape.dropLast().reduce(1, *)
        for row in 0..<rows {
            result += values[row * own..<(row + 1) * own]
            result += repeatElement(-.infinity, count: keys - own)
        }
        return (result, Array(shape))
    }
}

/// Shapes between which a Transpose of the middle two of four axes brings heads first, and back.
///
/// The input is a shape: [batch, length, heads · size], or [batch, heads, length, size], which already is what is wanted
/// and is only moved by an axis of 1. Outputs: before and after the heads are brought first; before they are brought
/// back and afterwards, with a last axis of any size.
struct HeadShapes: Operator {
    static let name = "striate.HeadShapes"

    private let heads: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        heads = try attributes.int("heads", default: 1, in: 1...1 << 20)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let shape = try operands.integers(0)
        _ = try operands.count(shape)
        let shapes: [[Int]]
        if shape.count == 3, shape[2] % heads == 0 {
            let (batch, length, size) = (shape[0], shape[1], shape[2] / heads)
            shapes = [
                [batch, length, heads, size], [batch, heads, length, size],
                [batch, heads, length, -1], [batch, length, -1],
            ]
        } else if shape.count == 4, shape[1] == heads {
            let (all, length) = (shape[0] * heads, shape[2])
            shapes = [
                [all, length, 1, shape[3]], shape, [all, 1, length, -1],
                [shape[0], heads, length, -1],
            ]
        } else {
            throw operands.fail("\(heads) heads do not fit \(shape)")
        }
        return shapes.map { Tensor(shape: [$0.count], integers: $0) }
    }
}

/// The last two axes exchanged, however many there are.
struct MatrixTranspose: PlannedOperator {
    static let name = "striate.MatrixTranspose"
    static var bytesPerInput: Int { 0 }

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    /// The order of axes.
    static func order(_ rank: Int) -> [Int] {
        Array(0..<rank - 2) + [rank - 1, rank - 2]
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        // A vector is a row or a column, as the product needs it.
        guard input.shape.rank >= 2 else { return [input] }
        _ = try operands.count(input.shape.dimensions)
        return [input.transposed(Self.order(input.shape.rank))]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        guard shape.rank >= 2 else {
            _ = try plan.alias(node.outputs[0], of: source, shape: shape)
            return
        }
        _ = try plan.transposed(source, Self.order(shape.rank), node, as: node.outputs[0])
    }
}
