import CZlib
import TensorFormats
import Testing

@Suite struct Base64Tests {
    static let vectors = [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
        ("Zm9vYmE=", "fooba"), ("Zm9vYmFy", "foobar"),
    ]

    @Test(arguments: vectors)
    func `decodes the vectors of RFC 4648`(text: String, decoded: String) throws {
        #expect(try Base64.decode(text) == Array(decoded.utf8))
    }

    @Test func `knows the whole alphabet`() throws {
        #expect(try Base64.decode("+/Az") == [0xFB, 0xF0, 0x33])
    }

    static let invalid: [(text: String, error: Base64Error)] = [
        ("Zg", .invalidLength(2)), ("Zg=", .invalidLength(3)), ("Zm9v\n", .invalidLength(5)),
        ("Zm 9vYmF", .invalidCharacter(offset: 2)), ("Zm9vYm\nF", .invalidCharacter(offset: 6)),
        ("Z===", .invalidCharacter(offset: 1)), ("====", .invalidCharacter(offset: 0)),
        ("Zg==Zg==", .invalidCharacter(offset: 2)), ("_-AA", .invalidCharacter(offset: 0)),
        ("Zh==", .invalidPadding(offset: 1)), ("Zm9=", .invalidPadding(offset: 2)),
        ("éAA", .invalidCharacter(offset: 0)),
    ]

    @Test(arguments: invalid)
    func `refuses what is not canonical base64`(text: String, error: Base64Error) {
        #expect(throws: error) { try Base64.decode(text) }
    }
}

@Suite struct GunzipTests {
    private func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = unsafe z_stream()
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        // 15 + 16: a gzip wrapper.
        unsafe deflateInit2_(
            &stream,
            6,
            Z_DEFLATED,
            15 + 16,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            size
        )
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + 200)
        let count = unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                unsafe stream.next_in = source.baseAddress
                unsafe stream.avail_in = UInt32(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(target.count)
                unsafe deflate(&stream, Z_FINISH)
                return unsafe Int(stream.total_out)
            }
        }
        unsafe deflateEnd(&stream)
        return Array(output[..<count])
    }

    private func unpack(_ bytes: [UInt8], limit: Int = 1 << 20) throws(GunzipError) -> [UInt8] {
        // SAFETY: bytes have no padding.
        try unsafe Gunzip.decompress(bytes.span.bytes, limit: limit)
    }

    private let text = Array(String(repeating: "In the beginning. ", count: 9000).utf8)

    @Test func `unpacks one member and several`() throws {
        #expect(try unpack(gzip(text)) == text)
        #expect(try unpack(gzip(text) + gzip([])) == text)
        #expect(try unpack(gzip([1]) + gzip([2])) == [1, 2])
    }

    @Test func `stops at the limit`() {
        #expect(throws: GunzipError.tooLarge(limit: text.count - 1)) {
            try unpack(gzip(text), limit: text.count - 1)
        }
        #expect(throws: Never.self) { try unpack(gzip(text), limit: text.count) }
    }

    @Test func `refuses cut, damaged and other data`() {
        let packed = gzip(text)
        for length in 0..<packed.count {
            #expect(throws: GunzipError.truncated) { try unpack(Array(packed[..<length])) }
        }
        #expect(throws: GunzipError.corrupt) { try unpack(Array("no gzip".utf8)) }
        #expect(throws: GunzipError.corrupt) { try unpack(packed + Array("garbage".utf8)) }
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        #expect(throws: GunzipError.corrupt) { try unpack(damaged) }
    }
}

@Suite struct TableTests {
    @Test func `quotes what needs quotes`() {
        let bytes = CSV.encode(
            header: ["label", "p"],
            rows: [["shirt, or \"top\"", "0.5"], ["a\nb", ""], ["é", "1"]]
        )
        let expected = "label,p\r\n\"shirt, or \"\"top\"\"\",0.5\r\n\"a\nb\",\r\né,1\r\n"
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    private func decode(_ bytes: [UInt8]) throws(IDXError) -> (shape: [Int], values: [UInt8]) {
        // SAFETY: bytes have no padding.
        try unsafe IDX.decode(bytes.span.bytes)
    }

    @Test func `reads IDX files`() throws {
        let file: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]
        let (shape, values) = try decode(file)
        #expect(shape == [2, 3])
        #expect(values == [1, 2, 3, 4, 5, 6])
        for length in file.indices {
            #expect(throws: IDXError.self) { try decode(Array(file[..<length])) }
        }
    }

    @Test func `refuses other types and impossible shapes`() {
        #expect(throws: IDXError.notIDX) { try decode([0x1F, 0x8B, 8, 0]) }
        #expect(throws: IDXError.unsupportedType(13)) { try decode([0, 0, 13, 1, 0, 0, 0, 0]) }
        let huge = [UInt8](repeating: 255, count: 12)
        #expect(throws: IDXError.tooLarge) { try decode([0, 0, 8, 3] + huge) }
    }
}
