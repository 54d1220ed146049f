import Testing

@testable import TensorFormats

@Suite struct `Elements that are no floats` {
    private func read<Value: FixedWidthInteger & Sendable>(
        _ text: String,
        as type: Value.Type
    ) throws -> JSONElements<Value> {
        var reader = JSONReader(Array(text.utf8))
        let elements = try reader.elements(of: type, limit: 100)
        try reader.end()
        return elements
    }

    @Test func `integers are read to the ends of their types, nested or flat`() throws {
        let signed = try read("[[-128, 127],[0 , 1]]", as: Int8.self)
        #expect(signed.values == [-128, 127, 0, 1])
        #expect(signed.shape == [2, 2])
        #expect(
            try read("[18446744073709551615,0]", as: UInt64.self).values == [UInt64.max, 0]
        )
        #expect(
            try read("[-9223372036854775808,9223372036854775807]", as: Int.self).values
                == [Int.min, Int.max]
        )
        #expect(try read("[1e3,2.0,-0]", as: Int32.self).values == [1000, 2, 0])
        #expect(try read("[]", as: Int32.self).values.isEmpty)
    }

    @Test(arguments: [
        "[256]", "[-1]", "[1.5]", "[1e99]", "[true]", "[\"1\"]", "[null]", "[01]", "[1.]", "[--1]",
        "[+1]", "[1,]", "[,1]", "[1 2]", "[[1],2]", "[[1,2],[3]]", "[1", "1", "[1x]", "[NaN]",
        "[-]",
        "[99999999999999999999999999]",
    ])
    func `what is no byte is refused`(text: String) {
        #expect(throws: JSONError.self) { try read(text, as: UInt8.self) }
    }

    @Test func `truth values may be written as 0 and 1`() throws {
        var reader = JSONReader(Array("[true,false,1,0]".utf8))
        #expect(try reader.booleans(limit: 4).values == [true, false, true, false])
        for text in ["[2]", "[\"true\"]", "[tru]", "[1.5]", "[true,false,true]"] {
            var reader = JSONReader(Array(text.utf8))
            #expect(throws: JSONError.self) { try reader.booleans(limit: 2) }
        }
    }

    @Test func `doubles keep all their digits`() throws {
        var reader = JSONReader(Array("[0.1,[]]".utf8))
        #expect(throws: JSONError.self) { try reader.doubles(limit: 4) }
        reader = JSONReader(Array("[[0.1],[1e300]]".utf8))
        let read = try reader.doubles(limit: 4)
        #expect(read.values == [0.1, 1e300])
        #expect(read.shape == [2, 1])
    }
}
