import Testing

@testable import Graph

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
}
