import HTTP
import Testing

@testable import Service

@Suite struct `Content codings` {
    private let coder = BodyCoder()
    private let text = Array(#"{"text":"In the beginning God created"}"#.utf8)

    @Test(arguments: [("gzip", ContentCoding.gzip), ("deflate", .deflate), ("x-gzip", .gzip)])
    func `a coded body is answered like a plain one`(name: String, coding: ContentCoding) throws {
        let plain = try Reply("POST", "/models/scripture/next?top=1", body: text)
        let body = try #require(coder.encode(text, coding))
        let coded = try Reply(
            "POST",
            "/models/scripture/next?top=1",
            [("Content-Encoding", name)],
            body: body
        )
        #expect(coded.status == 200)
        #expect(coded.text == plain.text)
    }

    @Test func `a body that unpacks to more than the limit is refused`() throws {
        let long = Array(#"{"text":"\#(String(repeating: "And God ", count: 10_000))"}"#.utf8)
        let service = Fixture.service { $0.bodyBytes = 50_000 }
        let reply = try Reply(
            "POST",
            "/models/scripture/score",
            [("Content-Encoding", "gzip")],
            body: try #require(coder.encode(long, .gzip)),
            from: service
        )
        #expect(reply.status == 413)
        #expect(try reply.json()["code"] as? String == "body_too_large")
    }

    @Test func `a body that is not what its coding says is refused`() throws {
        let reply = try Reply(
            "POST",
            "/models/scripture/score",
            [("Content-Encoding", "gzip")],
            body: text
        )
        #expect(reply.status == 400)
        #expect(try reply.json()["code"] as? String == "invalid_content_coding")
    }

    @Test(arguments: [("gzip", ContentCoding.gzip), ("deflate", .deflate)])
    func `a large text is packed as asked`(name: String, coding: ContentCoding) throws {
        let plain = try Reply("GET", "/openapi.json")
        #expect(plain.header("Content-Encoding") == nil)
        #expect(plain.header("Vary") == "Accept-Encoding")
        let packed = try Reply("GET", "/openapi.json", [("Accept-Encoding", "br, \(name);q=0.5")])
        #expect(packed.header("Content-Encoding") == name)
        #expect(packed.header("Vary") == "Accept-Encoding")
        let body = try coder.decode(Bytes(packed.response.body), coding, limit: 1 << 26)
        #expect([UInt8](body) == plain.response.body)
    }

    @Test(
        arguments: [
            ("/healthz", "gzip"), ("/models/v1/kernels", "gzip"), ("/openapi.json", "gzip;q=0"),
            ("/nothing", "gzip"),
        ]
    )
    func `short answers, pictures and unwanted codings stay plain`(
        target: String,
        accepted: String
    ) throws {
        let reply = try Reply("GET", target, [("Accept-Encoding", accepted)])
        #expect(reply.header("Content-Encoding") == nil)
    }
}
