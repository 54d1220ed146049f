import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// What weights become on their way to kernels, read piece by piece.
@Suite struct WeightPiecesTests {
    private let values = (0..<120).map { Float($0) }

    private func kinds() -> [StoredFloats] {
        let values = values
        return [
            StoredFloats(values),
            StoredFloats(count: 120, make: { values }),
            StoredFloats(count: 120, makePart: { Array(values[$0]) }),
        ]
    }

    @Test func `pieces hold all rows once, of every part the same`() throws {
        for stored in kinds() {
            var seen: [Float] = []
            try stored.forEachPiece(rows: 12, of: 2, step: 5) { rows, numbers in
                #expect(rows.lowerBound % 5 == 0 && numbers.count == rows.count * 10)
                let half = numbers.count / 2
                #expect(Array(numbers[..<half]).map { $0 + 60 } == Array(numbers[half...]))
                seen += numbers[..<half]
            }
            #expect(seen == Array(values[..<60]))
        }
        let large = StoredFloats(count: 1 << 20, makePart: { $0.map { Float($0) } })
        var pieces = 0
        try large.forEachPiece(rows: 1 << 10, step: 16) { rows, numbers in
            pieces += 1
            #expect(rows.lowerBound % 16 == 0 && rows.count == 64)
            #expect(numbers[0] == Float(rows.lowerBound << 10))
        }
        #expect(pieces == 16)
    }

    @Test func `a table's rows times W are sums in double precision`() throws {
        var random = SeededGenerator(seed: 5)
        let (units, inputs, symbols) = (12, 7, 5)
        let weights = Tensor(shape: [2, 6, inputs], floats: random.floats(units * inputs))
        let table = Tensor(shape: [symbols, inputs], floats: random.floats(symbols * inputs))
        let product = try #require(weights.timesRows(of: table))
        #expect(product.stored != nil && product.shape == [2, 6, symbols])
        let (w, rows) = try (#require(weights.floats), #require(table.floats))
        var expected: [Float] = []
        for place in 0..<units * symbols {
            let (unit, symbol) = (place / symbols, place % symbols)
            var sum = 0.0
            for input in 0..<inputs {
                let (weight, row) = (w[unit * inputs + input], rows[symbol * inputs + input])
                sum += Double(weight) * Double(row)
            }
            expected.append(Float(sum))
        }
        expectSameBits(try #require(product.floats), expected)
        #expect(weights.timesRows(of: weights) == nil)
    }
}
