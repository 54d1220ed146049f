import Compute
import Graph

extension Tensor {
    /// W [D, N, inputs] and a table [symbols, inputs] to [D, N, symbols], computed when it is read.
    ///
    /// Sums are in double precision, over the inputs in order. Nil if the two do not fit, or it would be large.
    func timesRows(of table: Tensor) -> Tensor? {
        guard let weights = storedFloats, let rows = table.storedFloats, shape.rank == 3,
            table.shape.rank == 2, shape[2] == table.shape[1],
            shape.checkedCount == weights.count, table.shape.checkedCount == rows.count
        else { return nil }
        let (units, inputs, symbols) = (shape[0] * shape[1], shape[2], table.shape[0])
        guard symbols > 0, units * symbols <= 1 << 23 else { return nil }
        let stored = StoredFloats(
            count: units * symbols,
            make: { () throws(ModelError) in
                product(try weights.read(), try rows.read(), inputs: inputs)
            }
        )
        return Tensor(shape: [shape[0], shape[1], symbols], stored: stored)
    }
}

/// [units][inputs] and [symbols][inputs] to [units][symbols].
private func product(_ weights: [Float], _ rows: [Float], inputs: Int) -> [Float] {
    guard inputs > 0 else { return [] }
    let (units, symbols) = (weights.count / inputs, rows.count / inputs)
    var result = [Float](repeating: 0, count: units * symbols)
    for first in stride(from: 0, to: symbols, by: 8) {
        let count = min(8, symbols - first)
        let columns = (0..<inputs).map { input in
            var column = SIMD8<Double>.zero
            for lane in 0..<count { column[lane] = Double(rows[(first + lane) * inputs + input]) }
            return column
        }
        for unit in 0..<units {
            let sums = sums(weights, from: unit * inputs, columns)
            for lane in 0..<count { result[unit * symbols + first + lane] = Float(sums[lane]) }
        }
        giveWay()
    }
    return result
}

/// A row of weights, which begins at `start`, times eight columns.
private func sums(
    _ weights: [Float],
    from start: Int,
    _ columns: [SIMD8<Double>]
) -> SIMD8<Double> {
    precondition(start >= 0 && start + columns.count <= weights.count, "no such row")
    var sums = SIMD8<Double>.zero
    let (weights, columns) = (weights.span, columns.span)
    for input in columns.indices {
        // SAFETY: the columns are as many as the row's weights, which are there as checked above.
        unsafe sums +=
            SIMD8(repeating: Double(weights[unchecked: start + input]))
            * columns[unchecked: input]
    }
    return sums
}
