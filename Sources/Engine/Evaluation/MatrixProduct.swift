import Graph

extension Operands {
    /// NumPy's matmul: products of the last two axes, the others broadcast; a vector is a row or a column.
    func multiply(
        _ left: [Double],
        _ leftShape: [Int],
        _ right: [Double],
        _ rightShape: [Int]
    ) throws(ModelError) -> ([Double], [Int]) {
        guard !leftShape.isEmpty, !rightShape.isEmpty else {
            throw fail("a single number is no matrix")
        }
        let a = leftShape.count == 1 ? [1] + leftShape : leftShape
        let b = rightShape.count == 1 ? rightShape + [1] : rightShape
        let (rows, inner, columns) = (a[a.count - 2], a[a.count - 1], b[b.count - 1])
        guard inner == b[b.count - 2] else {
            throw fail("\(Shape(leftShape)) and \(Shape(rightShape)) cannot be multiplied")
        }
        let outer = try broadcast([Shape(a.dropLast(2)), Shape(b.dropLast(2))])
        // Without rows or columns there may still be any number of matrices.
        _ = try count(outer)
        let lefts = broadcastOffsets(a.dropLast(2), to: outer)
        let rights = broadcastOffsets(b.dropLast(2), to: outer)
        let matrices = outer.reduce(1, *)
        var sums = [Double](repeating: 0, count: try count(outer + [rows, columns]))
        for matrix in 0..<matrices {
            let first = (lefts?[matrix] ?? matrix) * rows * inner
            let second = (rights?[matrix] ?? matrix) * inner * columns
            for row in 0..<rows {
                if row & 15 == 0 { try poll() }
                let target = (matrix * rows + row) * columns
                for index in 0..<inner {
                    let factor = left[first + row * inner + index]
                    let source = second + index * columns
                    for column in 0..<columns {
                        sums[target + column] += factor * right[source + column]
                    }
                }
            }
        }
        var shape = outer
        if leftShape.count > 1 { shape.append(rows) }
        if rightShape.count > 1 { shape.append(columns) }
        return (sums, shape)
    }
}
