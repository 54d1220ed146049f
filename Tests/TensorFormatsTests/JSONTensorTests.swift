import TensorFormats
import Testing

@Suite struct JSONTensorTests {
    static let valid: [(text: String, shape: [Int], values: [Float])] = [
        ("[]", [0], []), ("[[],[]]", [2, 0], []), ("[1]", [1], [1]), ("[ 1 , 2 ]", [2], [1, 2]),
        ("[[1,2],[3,4],[5,6]]", [3, 2], [1, 2, 3, 4, 5, 6]),
        ("[[[1],[2]],\n[[3],[4]]]", [2, 2, 1], [1, 2, 3, 4]),
        ("[[[[[[[[0.5]]]]]]]]", [1, 1, 1, 1, 1, 1, 1, 1], [0.5]),
        ("[-0.0,1e2,\t0.12345678]", [3], [-0.0, 100, 0.12345678]),
    ]

    @Test(arguments: valid)
    func `takes the shape from the nesting`(text: String, shape: [Int], values: [Float]) throws {
        var reader = JSONReader(Array(text.utf8))
        let tensor = try reader.tensor(limit: 100)
        try reader.end()
        #expect(tensor == TensorData(shape: shape, values: values))
    }

    static let invalid: [(text: String, sentence: String)] = [
        ("5", "Expected an array of numbers, not the number 5"), ("\"a\"", "not a string"),
        ("[[1,2],[3]]", "expected 2 elements as in the arrays before but found 1"),
        ("[[1],[2,3]]", "ragged"), ("[[1],2]", "expected an array but found the number 2"),
        ("[1,[2]]", "expected a number but found an array"), ("[[],[1]]", "ragged"),
        ("[[[1]],[2]]", "ragged"), ("[[1],[[2]]]", "ragged"), ("[[1,[2]]]", "ragged"),
        ("[[[[[[[[[1]]]]]]]]]", "more than 8 deep"), ("[1,true]", "Expected a number, not true"),
        ("[1,\"2\"]", "not a string"), ("[null]", "not null"), ("[{}]", "not an object"),
        ("[1,NaN]", "NaN at line 1, column 4"), ("[-Infinity]", "-Infinity"),
        ("[1e39]", "does not fit"),
        ("[1,]", "']'"), ("[1", "end of the text"), ("[[1]", "end of the text"), ("[1 2]", "comma"),
        ("[01]", "leading zero"), ("[.5]", "before the point"), ("[+1]", "begin with +"),
        ("[1.]", "digit is missing"), ("[1,2,3,4,5,6,7,8,9,10,11]", "More than 10 values"),
        ("[1}", "'}'"), ("[[1],]", "']'"), ("[0x1]", "found x1"), ("[1_000]", "'_'"),
    ]

    @Test(arguments: invalid)
    func `refuses ragged arrays and what is no number`(text: String, sentence: String) {
        var reader = JSONReader(Array(text.utf8))
        let error = #expect(throws: JSONError.self) { try reader.tensor(limit: 10) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "none")")
    }

    @Test func `any layout of white space gives the same tensor`() throws {
        let values: [Float] = (0..<5000).map { Float($0) / 7 }
        for separator in [",", ", ", " ,", " ,\n  ", "\t,\r\n"] {
            let text = "[" + values.map(\.description).joined(separator: separator) + " ]"
            var reader = JSONReader(Array(text.utf8))
            #expect(try reader.tensor(limit: 5000).values == values)
        }
    }

    @Test func `reads in place from memory with zeros after it`() throws {
        let text = Array("[1,2,3.25]".utf8)
        let padded = text + [UInt8](repeating: 0, count: 8)
        try unsafe padded.withUnsafeBytes { buffer in
            var reader = unsafe JSONReader(
                withSlackAfter: UnsafeRawBufferPointer(rebasing: buffer[..<text.count])
            )
            #expect(try reader.tensor(limit: 3).values == [1, 2, 3.25])
            try reader.end()
        }
    }

    @Test func `writes nested arrays, strings and members`() throws {
        let (nested, single, empty): ([Float], [Float], [Float]) = (
            [0, -0.5, 1e-7, 123_456_792], [7], []
        )
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a\"\\\n\u{1}\u{1F}é")
        writer.string("/\t")
        writer.key("n")
        writer.array(of: [1, -2])
        writer.key("t")
        try writer.tensor(shape: [2, 1, 2], values: nested.span)
        writer.key("s")
        try writer.tensor(shape: [], values: single.span)
        writer.key("e")
        try writer.tensor(shape: [2, 0], values: empty.span)
        writer.key("b")
        writer.beginArray()
        writer.boolean(true)
        writer.null()
        try writer.number(Float(1.5))
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        let expected =
            #"{"a\"\\\n\u0001\u001fé":"/\t","n":[1,-2],"t":[[[0.0,-0.5]],[[1e-07,1.2345679e+08]]],"#
            + #""s":7.0,"e":[[],[]],"b":[true,null,1.5,{}]}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test func `names the first value that is not finite`() {
        var writer = JSONWriter()
        let values: [Float] = [1, 2, .nan, .infinity]
        #expect(throws: JSONError.nonFinite(index: 2)) {
            try writer.array(of: values.span)
        }
        #expect(throws: JSONError.nonFinite(index: 0)) { try writer.number(-Float.infinity) }
        #expect(writer.bytes.isEmpty)
    }
}
