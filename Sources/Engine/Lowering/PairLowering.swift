import Compute
import Graph
import KernelInterface

/// Two operands of one type of elements, joined with NumPy's broadcasting.
struct PairLowering {
    typealias Join =
        @Sendable (
            _ x: BytePosition, _ y: BytePosition, _ z: BytePosition, _ count: Int,
            _ steps: PairSteps
        ) -> Void

    let node: Node
    let operands: (first: ValueID, second: ValueID)
    let result: ElementType

    func lower(into plan: inout PlanBuilder, join: @escaping Join) throws(ModelError) {
        let (first, second) = operands
        guard plan[first].type == plan[second].type else {
            throw .shape(
                node: node.name,
                reason: "\(node.op) of \(plan[first].type.rawValue) and "
                    + plan[second].type.rawValue
            )
        }
        let shapes = (plan.shape(of: first), plan.shape(of: second))
        guard let shape = broadcastShape(shapes.0, shapes.1) else {
            throw .shape(node: node.name, reason: "\(shapes.0) and \(shapes.1) do not broadcast")
        }
        let output = try plan.define(node.outputs[0], shape, .dense, type: result)
        let walk = TripleWalk(
            shape.dimensions,
            [
                StrideWalk.strides(of: shapes.0.dimensions, in: shape.dimensions),
                StrideWalk.strides(of: shapes.1.dimensions, in: shape.dimensions),
            ]
        )
        let (width, made) = (plan[first].width, plan[output].width)
        plan.step(
            node.name,
            chunks: walk.chunks,
            reads: [first, second],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (a, b, to) = (placement[first], placement[second], placement[output])
            return { arena, chunk in
                let (x, y) = (a.position(in: arena).bytes, b.position(in: arena).bytes)
                let z = to.position(in: arena).bytes
                walk.forEachStretch(ofChunk: chunk) { start, count, offsets in
                    join(
                        x + offsets.0 * width,
                        y + offsets.1 * width,
                        z + start * made,
                        count,
                        (walk.steps.0, walk.steps.1)
                    )
                }
            }
        }
    }
}

/// A walk over a result in row-major order with up to three operands that advance by strides of their own.
///
/// Neighbouring axes along which all operands advance evenly are one axis here; the last of them is a row.
struct TripleWalk: Sendable {
    /// How far each operand moves along a row: 0 or 1 where operands are broadcast.
    let steps: (Int, Int, Int)
    private let length: Int
    private let rows: Int
    private var sizes: [Int] = []
    private var strides: [SIMD3<Int>] = []

    init(_ shape: [Int], _ operands: [[Int]]) {
        for axis in shape.indices where shape[axis] != 1 {
            var next = SIMD3<Int>()
            for (index, operand) in operands.prefix(3).enumerated() { next[index] = operand[axis] }
            if let last = sizes.indices.last, strides[last] == next &* shape[axis] {
                sizes[last] *= shape[axis]
                strides[last] = next
            } else {
                sizes.append(shape[axis])
                strides.append(next)
            }
        }
        length = sizes.popLast() ?? 1
        let last = strides.popLast() ?? SIMD3()
        steps = (last.x, last.y, last.z)
        rows = sizes.reduce(1, *)
        cutsRows = rows == 1
    }

    /// Whether a single row is cut into pieces, and not the rows among themselves.
    private let cutsRows: Bool

    /// Independent pieces, cut by their sizes alone.
    var chunks: Int {
        cutsRows
            ? Stretches(length, least: 16384).chunks : max(1, min(rows, rows * length / 8192, 256))
    }

    /// Calls `body` with each part of a row that belongs to a piece: its place in the result, and in the operands.
    @inline(__always)
    func forEachStretch(
        ofChunk chunk: Int,
        _ body: (_ start: Int, _ count: Int, _ offsets: (Int, Int, Int)) -> Void
    ) {
        if cutsRows {
            let part = Stretches(length, least: 16384)[chunk]
            let start = part.lowerBound
            body(start, part.count, (start * steps.0, start * steps.1, start * steps.2))
            return
        }
        // Nothing is allocated here: plans run it in every pass.
        for row in rows * chunk / chunks..<rows * (chunk + 1) / chunks {
            var (rest, offsets) = (row, SIMD3<Int>())
            var axis = sizes.count - 1
            while axis >= 0 {
                let outer = axis == 0 ? 0 : rest / sizes[axis]
                offsets &+= strides[axis] &* (rest - outer * sizes[axis])
                rest = outer
                axis -= 1
            }
            body(row * length, length, (offsets.x, offsets.y, offsets.z))
        }
    }
}
