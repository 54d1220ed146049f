import Testing

@testable import TensorFormats

@Suite struct `Floats of 16 bits` {
    private func read(_ text: String, _ format: ShortFloat) throws -> Float {
        var reader = JSONReader([UInt8](text.utf8))
        let value = try reader.shortFloat(format)
        try reader.end()
        return value
    }

    static let halves: [(String, Float)] = [
        ("0", 0), ("-0.0", -0.0), ("1", 1), ("-2.5", -2.5), ("65504", 65504), ("65519.996", 65504),
        ("-65504", -65504), ("0.0000142857142857", 240 * 0x1p-24), ("6e-8", 0x1p-24),
        // Ties: 2049 lies between 2048 and 2050.
        ("2049", 2048), ("2051", 2052), ("-2049", -2048), ("-2051", -2052), ("2.049e3", 2048),
        ("2049.00000000000000000000000000000001", 2050), ("2048.99999999999999999999999999", 2048),
        ("20490000000000000000000000000000001e-31", 2050), ("0.000002049e9", 2048),
        ("2051.00000000000000000000000000000001", 2052), ("2050.99999999999999999999999999", 2050),
        ("65519.9999999999999999999999999999", 65504),
        // Half of the least, and as little more as there can be in a text.
        ("2.98023223876953125e-8", 0), ("2.98023223876953125000000000000000000001e-8", 0x1p-24),
        ("2.980232238769531249999999999999999e-8", 0), ("8.94069671630859375e-8", 0x1p-23),
        ("1e-400", 0), ("6.1035e-5", 1024 * 0x1p-24), ("6.0975551605224609375e-5", 1023 * 0x1p-24),
    ]

    @Test(arguments: halves)
    func `a number becomes the nearest half, ties to even`(text: String, value: Float) throws {
        let read = try read(text, .half)
        #expect(read.bitPattern == value.bitPattern, "\(read)")
        #expect(Float(Float16(read)) == read)
    }

    static let brains: [(String, Float)] = [
        ("1.00390625", 1), ("1.01171875", 1.015625), ("1.00390625000000000000000000001", 1.0078125),
        ("1.003906249999999999999999999999999", 1), ("3.3895313892515355e38", 0x1.FEp127),
        // 257 × 2^111 lies between 2^119 and 258 × 2^111.
        ("667210146321725350266168778304782336", 0x1p119),
        ("667210146321725350266168778304782336.1", 258 * 0x1p111),
        ("9.183549615799121e-41", 0x1p-133), ("4.5e-41", 0), ("4.6e-41", 0x1p-133),
        ("1.3775324423698681796014e-40", 0x1p-132), ("0", 0),
    ]

    @Test(arguments: brains)
    func `a number becomes the nearest brain float, ties to even`(
        text: String,
        value: Float
    ) throws {
        let read = try read(text, .brain)
        #expect(read.bitPattern == value.bitPattern, "\(read)")
        #expect(read.bitPattern & 0xFFFF == 0)
    }

    @Test(
        arguments: [
            ("65520", ShortFloat.half), ("-65520", .half), ("70000", .half), ("1e5", .half),
            ("1e39", .half), ("1e400", .half), ("3.3961775292304601e38", .brain),
            ("-1e39", .brain), ("3.4e38", .brain),
        ]
    )
    func `what is too large is refused`(text: String, format: ShortFloat) throws {
        let error = #expect(throws: JSONError.self) { try read(text, format) }
        guard case .numberOutOfRange(let got, format.name, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(got == text)
    }

    @Test(arguments: ["", "x", "1x", "+1", "01", "1.", "\"1\"", "null", "NaN", "[1]", "-"])
    func `what is no number is refused`(text: String) {
        for format in [ShortFloat.half, .brain] {
            #expect(throws: JSONError.self) { try read(text, format) }
        }
    }

    @Test func `random numbers are rounded as the machine rounds doubles`() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let exponent = Int.random(in: -12...5, using: &generator)
            let digits = Int.random(in: -99_999...99_999, using: &generator)
            let text = "\(digits)e\(exponent - 5)"
            let exact = try #require(Double(text))
            let half = Float16(exact)
            guard half.isFinite else { continue }
            #expect(try read(text, .half) == Float(half), "\(text)")
        }
    }

    @Test func `arrays have a shape and a limit`() throws {
        var reader = JSONReader([UInt8]("[[1,2049],[-3,1e-8]]".utf8))
        let read = try reader.shortFloats(.half, limit: 4)
        #expect(read.shape == [2, 2])
        #expect(read.values == [1, 2048, -3, 0])
        var other = JSONReader([UInt8]("[1,2,3]".utf8))
        #expect(throws: JSONError.self) { try other.shortFloats(.half, limit: 2) }
    }
}

@Suite struct `Numbers that are not finite` {
    private func reader(_ text: String) -> JSONReader {
        var reader = JSONReader([UInt8](text.utf8))
        reader.allowsNonFinite = true
        return reader
    }

    @Test(
        arguments: [
            ("[NaN]", [Float.nan]), ("[1,NaN]", [1, .nan]), ("[ NaN , 2 ]", [.nan, 2]),
            ("[-Infinity,Infinity]", [-.infinity, .infinity]),
            ("[1,-Infinity, 3,NaN,4]", [1, -.infinity, 3, .nan, 4]),
        ]
    )
    func `are read where they are allowed`(text: String, values: [Float]) throws {
        var first = reader(text)
        var second = reader(text)
        var third = reader(text)
        let read = try (
            first.tensor(limit: 5).values, second.doubles(limit: 5).values.map { Float($0) },
            third.shortFloats(.half, limit: 5).values
        )
        for found in [read.0, read.1, read.2] {
            #expect(found.count == values.count)
            #expect(zip(found, values).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
        }
        var whole = reader(text)
        try whole.skip()
        try whole.end()
        var strict = JSONReader([UInt8](text.utf8))
        #expect(throws: JSONError.self) { try strict.tensor(limit: 5) }
    }

    @Test(
        arguments: [
            "[nan]", "[Inf]", "[-NaN]", "[+Infinity]", "[NaNs]", "[Infinity1]", "[NaN NaN]",
            "[NaN,]", "[-]", "[N]", "[I]", "[-I]", "[NaN,[1]]", "[NaN", "[Infinity.0]", "NaN",
        ]
    )
    func `are no other words`(text: String) {
        var first = reader(text)
        #expect(throws: JSONError.self) { try first.tensor(limit: 5) }
        var second = reader(text)
        #expect(throws: JSONError.self) { try second.shortFloats(.brain, limit: 5) }
    }

    @Test func `are no integers, no truth values and no texts`() throws {
        var integers = reader("[NaN]")
        #expect(throws: JSONError.self) { try integers.elements(of: Int32.self, limit: 1) }
        var booleans = reader("[Infinity]")
        #expect(throws: JSONError.self) { try booleans.booleans(limit: 1) }
        var text = reader("NaN")
        #expect(throws: JSONError.self) { try text.string() }
        var single = reader(" -Infinity ")
        #expect(try single.float() == -.infinity)
    }

    @Test func `nested ones keep their shape, and the limit counts them`() throws {
        var nested = reader("[[NaN,1],[2,-Infinity]]")
        let read = try nested.tensor(limit: 4)
        #expect(read.shape == [2, 2])
        #expect(read.values[3] == -.infinity)
        var many = reader("[NaN,NaN,NaN]")
        #expect(throws: JSONError.self) { try many.tensor(limit: 2) }
    }

    @Test func `are written where that is wanted`() throws {
        var writer = JSONWriter()
        writer.writesNonFinite = true
        writer.beginArray()
        let values: [Float] = [1, .nan, -.infinity, .infinity, 0.5, -2]
        try writer.array(of: values.span)
        try writer.tensor(shape: [3, 2], values: values.span)
        try writer.tensor(shape: [], values: [Float.nan].span)
        try writer.array(of: [0.25, -Double.infinity])
        try writer.number(Double.nan)
        writer.endArray()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "[[1.0,NaN,-Infinity,Infinity,0.5,-2.0],[[1.0,NaN],[-Infinity,Infinity],"
                + "[0.5,-2.0]],NaN,[0.25,-Infinity],NaN]"
        )
    }
}
