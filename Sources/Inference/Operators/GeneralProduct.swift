import Compute

/// A product whose right side is computed, transposed or broadcast: row-major loops, in a fixed order.
struct GeneralProduct {
    let node: Node
    var alpha: Float = 1
    var beta: Float = 1
    var transposesA = false
    var transposesB = false

    /// Sizes and strides of one matrix product.
    private struct Sizes {
        let rows: Int
        let inner: Int
        let columns: Int
        let a: (row: Int, inner: Int)
        let b: (inner: Int, column: Int)
    }

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let a = try plan.value(plan.input(node, 0), as: .dense)
        let b = try plan.value(plan.input(node, 1), as: .dense)
        let c = try plan.optionalInput(node, 2)
        let bias: ValueID? = if let c { try plan.value(c, as: .dense) } else { nil }
        let shapes = (plan.shape(of: a), plan.shape(of: b))
        let sizes = try sizes(shapes.0, shapes.1)
        let outer = try batchShape(shapes.0, shapes.1)
        let batches = batches(outer, shapes.0, shapes.1)
        let shape = resultShape(outer, shapes, sizes)
        let output = try plan.define(node.outputs[0], shape, .dense)
        plan.count(batches.count * sizes.rows * sizes.inner * sizes.columns, for: node)
        let steps = try biasSteps(bias.map { plan.shape(of: $0) }, sizes)
        let (alpha, beta) = (alpha, beta)
        plan.step(
            node.name,
            chunks: batches.count,
            reads: [a, b] + (bias.map { [$0] } ?? []),
            writes: [output]
        ) { placement in
            let places = (placement[a], placement[b], placement[output])
            let addend = bias.map { placement[$0] }
            return { arena, chunk in
                let left = places.0.position(in: arena) + batches[chunk].left
                let right = places.1.position(in: arena) + batches[chunk].right
                let result = places.2.position(in: arena) + chunk * sizes.rows * sizes.columns
                for row in 0..<sizes.rows {
                    for column in 0..<sizes.columns {
                        var sum: Float = 0
                        for k in 0..<sizes.inner {
                            sum +=
                                left[row * sizes.a.row + k * sizes.a.inner]
                                * right[k * sizes.b.inner + column * sizes.b.column]
                        }
                        var value = alpha * sum
                        if let addend {
                            value +=
                                beta
                                * addend.position(in: arena)[
                                    row * steps.row + column * steps.column
                                ]
                        }
                        result[row * sizes.columns + column] = value
                    }
                }
            }
        }
    }

    private func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }

    private func sizes(_ a: Shape, _ b: Shape) throws(ModelError) -> Sizes {
        guard a.rank >= 1, b.rank >= 1 else { throw fail("a product needs matrices, not scalars") }
        // A vector on the left is a row, on the right a column.
        var left = a.rank == 1 ? [1, a[0]] : Array(a.dimensions.suffix(2))
        var right = b.rank == 1 ? [b[0], 1] : Array(b.dimensions.suffix(2))
        var strides = (a: (row: left[1], inner: 1), b: (inner: right[1], column: 1))
        if transposesA { (left, strides.a) = ([left[1], left[0]], (1, left[1])) }
        if transposesB { (right, strides.b) = ([right[1], right[0]], (1, right[1])) }
        guard left[1] == right[0] else { throw fail("\(a) and \(b) do not multiply") }
        return Sizes(
            rows: left[0],
            inner: left[1],
            columns: right[1],
            a: strides.a,
            b: strides.b
        )
    }

    private func batchShape(_ a: Shape, _ b: Shape) throws(ModelError) -> Shape {
        let left = Shape(Array(a.dimensions.dropLast(2)))
        let right = Shape(Array(b.dimensions.dropLast(2)))
        guard let shape = broadcastShape(left, right) else {
            throw fail("\(a) and \(b) do not broadcast")
        }
        return shape
    }

    /// Where each matrix of a batch starts in either operand.
    private func batches(_ outer: Shape, _ a: Shape, _ b: Shape) -> [(left: Int, right: Int)] {
        func starts(_ operand: Shape) -> [Int] {
            let dimensions = Array(operand.dimensions.dropLast(2))
            let matrix = operand.dimensions.suffix(2).reduce(1, *)
            return (0..<outer.count).map { index in
                var (rest, stride, start) = (index, matrix, 0)
                for axis in 1...max(outer.rank, 1) where axis <= outer.rank {
                    let position = rest % outer[outer.rank - axis]
                    rest /= outer[outer.rank - axis]
                    guard axis <= dimensions.count else { continue }
                    let size = dimensions[dimensions.count - axis]
                    if size != 1 { start += position * stride }
                    stride *= size
                }
                return start
            }
        }
        return Array(zip(starts(a), starts(b))).map { (left: $0.0, right: $0.1) }
    }

    private func resultShape(_ outer: Shape, _ shapes: (Shape, Shape), _ sizes: Sizes) -> Shape {
        var dimensions = outer.dimensions
        if shapes.0.rank > 1 { dimensions.append(sizes.rows) }
        if shapes.1.rank > 1 { dimensions.append(sizes.columns) }
        return Shape(dimensions)
    }

    /// Strides of Gemm's C, 0 where it is repeated.
    private func biasSteps(
        _ shape: Shape?,
        _ sizes: Sizes
    ) throws(ModelError) -> (
        row: Int, column: Int
    ) {
        guard let shape else { return (0, 0) }
        guard shape.rank <= 2,
            broadcastShape(shape, [sizes.rows, sizes.columns])
                == [sizes.rows, sizes.columns]
        else { throw fail("C of shape \(shape) does not fit [\(sizes.rows), \(sizes.columns)]") }
        let columns = shape.dimensions.last ?? 1
        let rows = shape.rank == 2 ? shape[0] : 1
        return (rows == 1 ? 0 : columns, columns == 1 ? 0 : 1)
    }
}
