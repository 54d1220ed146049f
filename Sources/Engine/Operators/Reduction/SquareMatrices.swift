import Graph

/// Square matrices in the last two axes, reduced by Gauss with the largest pivots.
private struct SquareMatrices {
    let outer: [Int]
    let size: Int
    let values: [Double]

    init(_ operands: Operands) throws(ModelError) {
        let shape = try operands(0).shape
        guard shape.rank >= 2, shape[shape.rank - 1] == shape[shape.rank - 2] else {
            throw operands.fail("\(shape) holds no square matrices")
        }
        outer = Array(shape.dimensions.dropLast(2))
        size = shape[shape.rank - 1]
        values = try operands.floats(0)
    }

    /// The determinant of matrix `index`, and its inverse where it has one and `identity` is wanted.
    func reduced(
        _ index: Int,
        inverts: Bool,
        _ operands: Operands
    ) throws(ModelError) -> (determinant: Double, inverse: [Double]) {
        let width = inverts ? 2 * size : size
        var rows = (0..<size).map { row in
            let start = (index * size + row) * size
            let own = Array(values[start..<start + size])
            return own + (size..<width).map { $0 - size == row ? 1 : 0 }
        }
        var determinant = 1.0
        for column in 0..<size {
            try operands.poll()
            var pivot = column
            for row in column..<size where abs(rows[row][column]) > abs(rows[pivot][column]) {
                pivot = row
            }
            if pivot != column {
                rows.swapAt(pivot, column)
                determinant = -determinant
            }
            let top = rows[column][column]
            determinant *= top
            guard top != 0 else { return (0, []) }
            for row in (inverts ? 0 : column)..<size where row != column {
                let factor = rows[row][column] / top
                guard factor != 0 else { continue }
                for place in column..<width { rows[row][place] -= factor * rows[column][place] }
            }
        }
        let inverse = rows.enumerated().flatMap { index, row in row[size...].map { $0 / row[index] }
        }
        return (determinant, inverts ? inverse : [])
    }
}

struct Determinant: Operator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let matrices = try SquareMatrices(operands)
        var values: [Double] = []
        for index in 0..<(try operands.count(matrices.outer)) {
            values.append(try matrices.reduced(index, inverts: false, operands).determinant)
        }
        return [try operands.result(matrices.outer, values, operands(0).type)]
    }
}

struct Inverse: Operator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let matrices = try SquareMatrices(operands)
        let input = try operands(0)
        _ = try operands.count(input.shape.dimensions + [2])
        var values: [Double] = []
        for index in 0..<(try operands.count(matrices.outer)) {
            let reduced = try matrices.reduced(index, inverts: true, operands)
            guard reduced.determinant != 0 else { throw operands.fail("a matrix has no inverse") }
            values += reduced.inverse
        }
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }
}
