import Compute
import TestSupport
import Testing

@testable import Inference

/// Numbers that are read when they are needed, as a whole or part by part.
@Suite struct StoredFloatsTests {
    private let values = (0..<120).map { Float($0) }

    private func kinds() -> [StoredFloats] {
        let values = values
        return [
            StoredFloats(values),
            StoredFloats(count: 120, make: { values }),
            StoredFloats(count: 120, makePart: { Array(values[$0]) }),
        ]
    }

    @Test func `a part is what the whole has there`() throws {
        for stored in kinds() {
            #expect(try stored.read() == values)
            #expect(try stored.read(7..<31) == Array(values[7..<31]))
            #expect(try stored.part(2, of: 3).read() == Array(values[80...]))
            #expect(try stored.part(2, of: 3).read(1..<4) == Array(values[81..<84]))
            let doubled = stored.scaled(by: 2)
            #expect(try doubled.read(9..<12) == [18, 20, 22])
            let rows = stored.scaled(by: [1, 10, 100], each: 40)
            #expect(try rows.read(39..<42) == [39, 400, 410])
            #expect(try rows.part(2, of: 3).read(0..<2) == [8000, 8100])
        }
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
        let expected = (0..<units * symbols).map { place -> Float in
            let (unit, symbol) = (place / symbols, place % symbols)
            return Float(
                (0..<inputs).reduce(0.0) { sum, input in
                    sum + Double(w[unit * inputs + input]) * Double(rows[symbol * inputs + input])
                }
            )
        }
        expectSameBits(try #require(product.floats), expected)
        #expect(weights.timesRows(of: weights) == nil)
    }
}
