import TensorFormats
import TestSupport
import Testing

@Suite struct MultipartTests {
    private func parts(
        _ body: String,
        contentType: String = "multipart/form-data; boundary=XX"
    ) throws(MultipartError) -> [(part: MultipartPart, content: String)] {
        let bytes = Array(body.utf8)
        let reader = try MultipartReader(contentType: contentType)
        // SAFETY: bytes have no padding.
        return try unsafe reader.parts(of: bytes.span.bytes).map { part in
            (part, String(decoding: bytes[part.range], as: UTF8.self))
        }
    }

    @Test func `reads what curl sends`() throws {
        let body =
            "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a \\\"b\\\";c.png\"\r\n"
            + "Content-Type: image/png\r\n\r\n\u{89}PNG\r\n--X\r\n--XXY\r\n--XX\r\n"
            + "content-disposition: form-data; name=top\r\n\r\n\r\n--XX--\r\nepilogue"
        let parts = try parts(body)
        #expect(parts.map(\.part.name) == ["image", "top"])
        #expect(parts.map(\.content) == ["\u{89}PNG\r\n--X\r\n--XXY", ""])
        #expect(parts.map(\.part.filename) == ["a \"b\";c.png", nil])
        #expect(parts.map(\.part.contentType) == ["image/png", nil])
    }

    @Test func `ignores a preamble and white space after the boundary`() throws {
        let body = "hello\r\n--XX \t\r\nContent-Disposition:form-data;name=\"a\"\r\n\r\n1\r\n--XX--"
        #expect(try parts(body).map(\.content) == ["1"])
    }

    static let contentTypes: [(value: String, boundary: String?)] = [
        ("multipart/form-data; boundary=abc", "abc"),
        ("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b:c\"", "a b:c"),
        ("multipart/form-data;boundary=a;", "a"), ("multipart/form-data", nil),
        ("multipart/mixed; boundary=abc", nil), ("image/png", nil),
        ("multipart/form-data; boundary=", nil), ("multipart/form-data; boundary=\"a\\\"\"", nil),
        ("multipart/form-data; boundary=\"a", nil),
        ("multipart/form-data; boundary=a; boundary=b", nil),
        ("multipart/form-data; boundary=é", nil), ("multipart/form-data; boundary=\"a \"", nil),
        ("multipart/form-data; boundary=" + String(repeating: "a", count: 71), nil),
    ]

    @Test(arguments: contentTypes)
    func `takes the boundary from the Content-Type`(value: String, boundary: String?) {
        #expect((try? MultipartReader(contentType: value))?.boundary == boundary)
    }

    static let named = "Content-Disposition: form-data; name=\"a\"\r\n"
    static let invalid: [(body: String, sentence: String)] = [
        ("", "no parts"), ("--XX--", "no parts"), ("--YY\r\n\(named)\r\n1\r\n--YY--", "no parts"),
        ("--XX\r\n\(named)\r\n1", "closing boundary"), ("--XX\r\n\(named)", "closing boundary"),
        ("--XX\r\n\(named)\r\n1\r\n--XX", "closing boundary"),
        ("--XX\r\n\r\n1\r\n--XX--", "Part 1 of the form has no name"),
        ("--XX\r\nContent-Type: a/b\r\n\r\n1\r\n--XX--", "has no name"),
        ("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--XX--", "not form-data"),
        ("--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--XX--", "not form-data"),
        ("--XX\r\nnonsense\r\n\r\n1\r\n--XX--", "no colon"),
        ("--XX\r\n\(named)X: a\nb\r\n\r\n1\r\n--XX--", "control character"),
        (
            "--XX\r\nX: " + String(repeating: "a", count: 5000) + "\r\n\r\n1\r\n--XX--",
            "longer than 4096"
        ),
        (
            String(repeating: "--XX\r\n\(named)\r\n1\r\n", count: 65) + "--XX--",
            "more than 64 parts"
        ),
    ]

    @Test(arguments: invalid)
    func `says what is wrong with a form`(body: String, sentence: String) {
        let error = #expect(throws: MultipartError.self) { _ = try parts(body) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "none")")
    }

    @Test func `cut and damaged forms never trap`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let body = Array(
            "--XX\r\n\(Self.named)\r\n1\r\n--XX\r\n\(Self.named)\r\n\r\n--XX--\r\n".utf8
        )
        let reader = try MultipartReader(contentType: "multipart/form-data; boundary=XX")
        for length in body.indices {
            // SAFETY: bytes have no padding.
            _ = try? unsafe reader.parts(of: Array(body[..<length]).span.bytes)
        }
        for _ in 0..<10_000 {
            var damaged = body
            let offset = Int.random(in: 0..<body.count, using: &random)
            damaged[offset] =
                [13, 10, 45, 34, 59, 61, 92, 0, 255].randomElement(using: &random) ?? 0
            _ = try? unsafe reader.parts(of: damaged.span.bytes)
        }
    }
}
