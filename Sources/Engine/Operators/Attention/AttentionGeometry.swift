import Graph
import KernelInterface

/// An operand of an attention as matrices: sizes and strides, the last two of which are a matrix's.
struct AttentionOperand {
    let sizes: [Int]
    let strides: [Int]

    init(_ shape: Shape, _ order: [Int]?, _ node: Node) throws(ModelError) {
        let axes = order ?? Array(0..<shape.rank)
        guard shape.rank >= 2, axes.sorted() == Array(0..<shape.rank) else {
            throw .shape(node: node.name, reason: "\(axes) are not two or more axes of \(shape)")
        }
        let own = rowMajorStrides(shape.dimensions)
        (sizes, strides) = (axes.map { shape[$0] }, axes.map { own[$0] })
    }

    var outer: Shape { Shape(Array(sizes.dropLast(2))) }
    var rows: (count: Int, step: Int) { (sizes[sizes.count - 2], strides[sizes.count - 2]) }
    var columns: (count: Int, step: Int) { (sizes[sizes.count - 1], strides[sizes.count - 1]) }

    /// Where each matrix of the outer axes `shape` begins.
    func starts(_ shape: Shape) -> [Int] {
        let skipped = shape.rank - (sizes.count - 2)
        let steps = shape.dimensions.indices.map { axis in
            axis < skipped || sizes[axis - skipped] == 1 ? 0 : strides[axis - skipped]
        }
        return offsets(shape.dimensions, strides: steps)
    }
}

/// What is added to scores, or multiplies rows of them, and repeats itself along some axes.
struct AttentionMask: Sendable {
    /// Of each matrix.
    let starts: [Int]
    let row: Int
    let column: Int
}

/// How the matrices of an attention lie.
struct AttentionGeometry: Sendable {
    private static let mostMatrices = 1 << 20

    struct Start: Sendable {
        var query, key, value, result: Int
    }

    private(set) var starts: [Start]
    /// Of the result.
    let shape: Shape
    /// Queries, keys, and the numbers of a key.
    let rows, keys, size: Int
    private(set) var scoring: ProductGeometry
    private(set) var summing: ProductGeometry
    private let outer: Shape
    /// Whether rows whose shares are no numbers are 0.
    var zeroesUndefined = false

    init(
        _ operands: [AttentionOperand],
        _ resultOrder: [Int]?,
        scale: Float,
        _ node: Node
    ) throws(ModelError) {
        let (query, key, value) = (operands[0], operands[1], operands[2])
        guard query.columns.count == key.rows.count, key.columns.count == value.rows.count else {
            throw .shape(
                node: node.name,
                reason: "\(query.sizes), \(key.sizes) and \(value.sizes) do not multiply"
            )
        }
        let pair = broadcastShape(query.outer, key.outer)
        guard let outer = pair.flatMap({ broadcastShape($0, value.outer) }),
            outer.checkedCount.map({ (1...Self.mostMatrices).contains($0) }) ?? false
        else {
            throw .shape(
                node: node.name,
                reason: "\(query.sizes), \(key.sizes) and \(value.sizes) do not broadcast"
            )
        }
        self.outer = outer
        (rows, keys, size) = (query.rows.count, key.columns.count, key.rows.count)
        let result = outer.dimensions + [rows, value.columns.count]
        let order = resultOrder ?? Array(result.indices)
        guard order.sorted() == Array(result.indices), order.last == result.count - 1 else {
            throw .shape(node: node.name, reason: "\(order) does not keep the last axis")
        }
        shape = Shape(order.map { result[$0] })
        let written = rowMajorStrides(shape.dimensions)
        var steps = written
        for (place, axis) in order.enumerated() { steps[axis] = written[place] }
        let targets = offsets(outer.dimensions, strides: Array(steps.dropLast(2)))
        let (queries, lists) = (query.starts(outer), (key.starts(outer), value.starts(outer)))
        starts = targets.indices.map { index in
            Start(
                query: queries[index],
                key: lists.0[index],
                value: lists.1[index],
                result: targets[index]
            )
        }
        scoring = Self.product(query, key, scale)
        summing = Self.product(query, value, 1)
        (scoring.resultRow, summing.resultRow) = (keys, steps[steps.count - 2])
        (summing.leftRow, summing.leftInner, summing.inner) = (keys, 1, keys)
    }

    private static func product(
        _ left: AttentionOperand,
        _ right: AttentionOperand,
        _ scale: Float
    ) -> ProductGeometry {
        ProductGeometry(
            rows: left.rows.count,
            inner: right.rows.count,
            columns: right.columns.count,
            leftRow: left.rows.step,
            leftInner: left.columns.step,
            rightInner: right.rows.step,
            rightColumn: right.columns.step,
            resultRow: 0,
            alpha: scale,
            beta: 1,
            addendRow: 0,
            addendColumn: 0,
            isPacked: 0
        )
    }

    /// Takes keys and values from panels.
    mutating func read(_ keys: AttentionPanels, _ values: AttentionPanels) {
        (scoring.isPacked, summing.isPacked) = (1, 1)
        for matrix in starts.indices {
            (starts[matrix].key, starts[matrix].value) = (keys.start(matrix), values.start(matrix))
        }
    }

    var multiplyAdds: Int { starts.count &* rows &* keys &* (size + summing.columns) }

    /// How a value spreads over all scores.
    func mask(_ mask: Shape, _ node: Node) throws(ModelError) -> AttentionMask {
        let scores = Shape(outer.dimensions + [rows, keys])
        guard broadcastShape(mask, scores) == scores else {
            throw .shape(node: node.name, reason: "a mask \(mask) does not fit scores \(scores)")
        }
        let strides = StrideWalk.strides(of: mask.dimensions, in: scores.dimensions)
        return AttentionMask(
            starts: offsets(outer.dimensions, strides: Array(strides.dropLast(2))),
            row: strides[strides.count - 2],
            column: strides[strides.count - 1]
        )
    }
}

/// Rows of queries that are computed at once: as many as keep their scores in a cache, by the sizes alone.
struct AttentionCut: Sendable {
    let chunks: Int
    /// The most rows of a chunk and matrix.
    let rows: Int
    private let count: Int
    private let matrices: Int
    private let blocks: Int
    /// Whether several chunks need the keys and values of one matrix.
    var isDivided: Bool { blocks > 1 }
    /// Of a chunk, where matrices are not cut.
    private let perChunk: Int

    /// Floats of scores that stay in a second-level cache beside keys and values.
    private static let cached = 1 << 16
    /// Fewer rows are not worth a chunk.
    private static let fewest = 24
    /// Rows that most processors' kernels multiply at once, or a multiple of theirs.
    private static let tile = 12
    /// Chunks beyond which more of them would only cost.
    private static let most = 16
    /// Multiply–adds that are worth handing over.
    private static let least = 1 << 17

    init(_ geometry: AttentionGeometry) {
        (count, matrices) = (geometry.rows, geometry.starts.count)
        let work = max(1, geometry.multiplyAdds / max(1, matrices))
        let wanted = min((Self.most + matrices - 1) / matrices, work / Self.least)
        let even = max(1, min(wanted, count / Self.fewest))
        let room = max(Self.tile, Self.cached / max(1, geometry.keys))
        let some = max(1, min((count + even - 1) / even, room))
        rows = some < count ? (some + Self.tile - 1) / Self.tile * Self.tile : some
        blocks = (count + rows - 1) / rows
        perChunk = blocks > 1 ? 1 : max(1, Self.least / work)
        chunks = blocks > 1 ? matrices * blocks : (matrices + perChunk - 1) / perChunk
    }

    @inline(__always)
    func forEach(in chunk: Int, _ body: (_ matrix: Int, _ rows: Range<Int>) -> Void) {
        guard blocks <= 1 else {
            let (matrix, block) = (chunk / blocks, chunk % blocks)
            return body(matrix, block * rows..<min((block + 1) * rows, count))
        }
        let first = chunk * perChunk
        for matrix in first..<min(first + perChunk, matrices) { body(matrix, 0..<count) }
    }
}
