import Compute
import Graph
import KernelInterface

/// A product whose right side is computed, transposed or broadcast: panels packed on the way, in a fixed order of sums.
struct GeneralProduct {
    let node: Node
    var alpha: Float = 1
    var beta: Float = 1
    var left = OperandOrder()
    var right = OperandOrder()

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let a = try plan.value(plan.input(node, 0), as: .dense)
        let b = try plan.value(plan.input(node, 1), as: .dense)
        let c = try plan.optionalInput(node, 2)
        let bias: ValueID? = if let c { try plan.value(c, as: .dense) } else { nil }
        let matrices = try MatrixPair(
            ProductOperand(plan.shape(of: a), left, isLeft: true, node),
            ProductOperand(plan.shape(of: b), right, isLeft: false, node),
            node
        )
        let output = try plan.define(node.outputs[0], matrices.shape, .dense)
        let (rows, inner, columns) = matrices.sizes
        plan.count(matrices.starts.count * rows * inner * columns, for: node)
        var geometry = matrices.geometry
        (geometry.alpha, geometry.beta) = (alpha, beta)
        if let bias { try geometry.add(plan.shape(of: bias), node) }
        // A single column is a row of the transposed product, and lies as one.
        let isTurned = columns == 1
        if isTurned { geometry.transpose() }
        let readsLines = isTurned && geometry.leftInner == 1 && geometry.rightInner == 1
        let kernels = plan.kernels
        let cut = ProductCut(matrices.starts.count, geometry, panel: kernels.panelWidth)
        let panel = try plan.workerScratch(inner * cut.packedWidth)
        plan.step(
            node.name,
            chunks: cut.chunks,
            reads: [a, b] + (bias.map { [$0] } ?? []),
            writes: [output, panel],
            isExact: true
        ) { [geometry, starts = matrices.starts] placement in
            let operands = isTurned ? (placement[b], placement[a]) : (placement[a], placement[b])
            let (to, scratch) = (placement[output], placement[panel])
            let addend = bias.map { placement[$0] }
            return { arena, chunk in
                cut.forEach(in: chunk) { matrix, part in
                    let start = starts[matrix]
                    let (first, second) =
                        isTurned ? (start.right, start.left) : (start.left, start.right)
                    let result = to.position(in: arena) + matrix * rows * columns
                    if readsLines {
                        kernels.multiplyLines(
                            geometry,
                            row: operands.0.position(in: arena) + first,
                            columns: operands.1.position(in: arena) + second,
                            addend: addend?.position(in: arena),
                            into: result,
                            part.columns
                        )
                        return
                    }
                    kernels.multiply(
                        geometry,
                        left: operands.0.position(in: arena) + first,
                        right: operands.1.position(in: arena) + second,
                        addend: addend?.position(in: arena),
                        panel: scratch.position(in: arena),
                        into: result,
                        part
                    )
                }
            }
        }
    }
}

/// How an operand lies: its axes in another order, and whether a matrix means its transpose.
struct OperandOrder: Sendable {
    /// Axis i of the operand is axis order[i] of what lies in memory.
    var order: [Int]?
    var isTransposed = false
}

/// An operand as matrices: sizes and strides, the last two of which are a matrix's.
private struct ProductOperand {
    let isVector: Bool
    private(set) var sizes: [Int]
    private(set) var strides: [Int]

    init(_ shape: Shape, _ order: OperandOrder, isLeft: Bool, _ node: Node) throws(ModelError) {
        guard shape.rank >= 1 else {
            throw .shape(node: node.name, reason: "a product needs matrices, not scalars")
        }
        let axes = order.order ?? Array(0..<shape.rank)
        guard axes.sorted() == Array(0..<shape.rank) else {
            throw .shape(
                node: node.name,
                reason: "\(axes) does not name each axis of \(shape) once"
            )
        }
        let own = rowMajorStrides(shape.dimensions)
        (sizes, strides) = (axes.map { shape[$0] }, axes.map { own[$0] })
        isVector = shape.rank == 1
        // A vector on the left is a row, on the right a column.
        if isVector {
            sizes.insert(1, at: isLeft ? 0 : 1)
            strides.insert(0, at: isLeft ? 0 : 1)
        }
        if order.isTransposed {
            sizes.swapAt(sizes.count - 2, sizes.count - 1)
            strides.swapAt(strides.count - 2, strides.count - 1)
        }
    }

    var outer: [Int] { Array(sizes.dropLast(2)) }
    var rows: (count: Int, step: Int) { (sizes[sizes.count - 2], strides[sizes.count - 2]) }
    var columns: (count: Int, step: Int) { (sizes[sizes.count - 1], strides[sizes.count - 1]) }

    /// Where each matrix of the result's `shape` begins.
    func starts(_ shape: [Int]) -> [Int] {
        var result = [0]
        for axis in shape.indices {
            let own = axis - shape.count + outer.count
            let step = own >= 0 && sizes[own] != 1 ? strides[own] : 0
            result = result.flatMap { start in (0..<shape[axis]).map { start + $0 * step } }
        }
        return result
    }
}

/// Two operands that fit, and the shape of their product.
private struct MatrixPair {
    /// Matrices whose places are listed.
    private static let most = 1 << 20

    let sizes: (rows: Int, inner: Int, columns: Int)
    let starts: [(left: Int, right: Int)]
    let shape: Shape
    let geometry: ProductGeometry

    init(_ left: ProductOperand, _ right: ProductOperand, _ node: Node) throws(ModelError) {
        guard left.columns.count == right.rows.count else {
            throw .shape(
                node: node.name,
                reason: "\(Shape(left.sizes)) and \(Shape(right.sizes)) do not multiply"
            )
        }
        guard let outer = broadcastShape(Shape(left.outer), Shape(right.outer)) else {
            throw .shape(
                node: node.name,
                reason: "\(Shape(left.sizes)) and \(Shape(right.sizes)) do not broadcast"
            )
        }
        guard outer.checkedCount.map({ (1...Self.most).contains($0) }) ?? false else {
            throw .shape(node: node.name, reason: "products of \(outer) matrices are too many")
        }
        sizes = (left.rows.count, left.columns.count, right.columns.count)
        starts = zip(left.starts(outer.dimensions), right.starts(outer.dimensions))
            .map { (left: $0.0, right: $0.1) }
        shape = Shape(
            outer.dimensions + (left.isVector ? [] : [sizes.rows])
                + (right.isVector ? [] : [sizes.columns])
        )
        geometry = ProductGeometry(
            rows: sizes.rows,
            inner: sizes.inner,
            columns: sizes.columns,
            leftRow: left.rows.step,
            leftInner: left.columns.step,
            rightInner: right.rows.step,
            rightColumn: right.columns.step,
            resultRow: sizes.columns,
            alpha: 1,
            beta: 1,
            addendRow: 0,
            addendColumn: 0,
            isPacked: 0
        )
    }
}

extension ProductGeometry {
    /// Strides of Gemm's C, 0 where it is repeated.
    fileprivate mutating func add(_ shape: Shape, _ node: Node) throws(ModelError) {
        let result: Shape = [rows, columns]
        guard shape.rank <= 2, broadcastShape(shape, result) == result else {
            throw .shape(
                node: node.name,
                reason: "C of shape \(shape) does not fit [\(rows), \(columns)]"
            )
        }
        let width = shape.dimensions.last ?? 1
        addendRow = (shape.rank == 2 ? shape[0] : 1) == 1 ? 0 : width
        addendColumn = width == 1 ? 0 : 1
    }

    /// The same numbers as the product of the transposed operands in the other order, for one column.
    fileprivate mutating func transpose() {
        (rows, columns) = (columns, rows)
        (leftRow, leftInner, rightInner, rightColumn) = (
            rightColumn, rightInner, leftInner, leftRow
        )
        (addendRow, addendColumn) = (0, addendRow)
        resultRow = columns
    }
}
