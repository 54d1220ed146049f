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
    // Column by column, so that neighbouring sums are computed together.
    var columns = [Double](repeating: 0, count: rows.count)
    for symbol in 0..<symbols {
        for input in 0..<inputs {
            columns[input * symbols + symbol] = Double(rows[symbol * inputs + input])
        }
    }
    var sums = [Double](repeating: 0, count: symbols)
    var result: [Float] = []
    result.reserveCapacity(units * symbols)
    for unit in 0..<units {
        for symbol in 0..<symbols { sums[symbol] = 0 }
        for input in 0..<inputs {
            add(Double(weights[unit * inputs + input]), columns, input * symbols, to: &sums)
        }
        for sum in sums { result.append(Float(sum)) }
    }
    return result
}

/// Adds `factor` times as many numbers of `columns`, from `start` on.
private func add(
    _ factor: Double,
    _ columns: [Double],
    _ start: Int,
    to sums: inout [Double]
) {
    precondition(start >= 0 && start + sums.count <= columns.count, "no such column")
    // SAFETY: both buffers hold what is read and written, as checked above.
    unsafe columns.withUnsafeBufferPointer { columns in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
            for index in 0..<sums.count {
                unsafe sums[index] += factor * columns[start + index]
            }
        }
    }
}
