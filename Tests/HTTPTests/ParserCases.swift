import Testing

@testable import HTTP

/// A message and what the parser must make of it.
struct ParserCase: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    let expected: [Outcome]

    init(_ name: String, _ text: String, _ expected: Outcome...) {
        self.name = name
        // One character a byte, so that a row can hold bytes that are not UTF-8.
        bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        self.expected = expected
    }

    var testDescription: String { name }
}

private func get(_ fields: String, target: String = "/", method: String = "GET") -> String {
    "\(method) \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
}

private func post(_ fields: String, _ body: String = "") -> String {
    "POST /p HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
}

private let chunked = "Transfer-Encoding: chunked\r\n"
private let root = Outcome.request("GET /", body: "")
private func posted(_ body: String) -> Outcome { .request("POST /p", body: body) }

let acceptedCases: [ParserCase] = [
    ParserCase("plain GET", get(""), root),
    ParserCase("1.0 without Host", "GET / HTTP/1.0\r\n\r\n", root),
    ParserCase("version 1.2 is treated as 1.1", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", root),
    ParserCase("blank lines first", "\r\n\r\n" + get(""), root),
    ParserCase("obs-text in a value", get("X: \u{C3}\u{A9}\r\n"), root),
    ParserCase("blanks around a value", get("X: \t a \t\r\nY:b\r\n"), root),
    ParserCase("empty value", get("X:\r\n"), root),
    ParserCase("absolute form", get("", target: "http://a/x?y"), .request("GET /x?y", body: "")),
    ParserCase("absolute form, no path", get("", target: "HTTP://a"), root),
    ParserCase(
        "absolute form, query",
        get("", target: "https://a:1?b"),
        .request("GET /?b", body: "")
    ),
    ParserCase(
        "OPTIONS *",
        get("", target: "*", method: "OPTIONS"),
        .request("OPTIONS *", body: "")
    ),
    ParserCase("lower case method", get("", method: "get"), .request("get /", body: "")),
    ParserCase("sized body", post("Content-Length: 5\r\n", "hello"), posted("hello")),
    ParserCase("leading zeros", post("Content-Length: 0005\r\n", "hello"), posted("hello")),
    ParserCase("length 0", post("Content-Length: 0\r\n"), posted("")),
    ParserCase("POST without length has no body", post(""), posted("")),
    ParserCase(
        "pipelined",
        get("") + post("Content-Length: 2\r\n", "ab") + get(""),
        root,
        posted("ab"),
        root
    ),
    ParserCase(
        "GET with body",
        get("Content-Length: 1\r\n") + "x" + get(""),
        .request("GET /", body: "x"),
        root
    ),
    ParserCase(
        "chunks",
        post(chunked, "5\r\nhello\r\n00a\r\n0123456789\r\n0\r\n\r\n"),
        posted("hello0123456789")
    ),
    ParserCase(
        "ChunKed",
        post("transfer-encoding: ChunKed\r\n", "1\r\nx\r\n0\r\n\r\n"),
        posted("x")
    ),
    ParserCase("empty chunked body", post(chunked, "0\r\n\r\n"), posted("")),
    ParserCase(
        "chunk extensions",
        post(chunked, "1;a=b;c=\"d;\\\"\";e\r\nx\r\n0;f\r\n\r\n"),
        posted("x")
    ),
    ParserCase(
        "trailers",
        post(chunked, "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n") + get(""),
        posted("x"),
        root
    ),
    ParserCase(
        "request after chunks",
        post(chunked, "1\r\nx\r\n0\r\n\r\n") + get(""),
        posted("x"),
        root
    ),
    ParserCase("Upgrade is ignored", get("Connection: Upgrade\r\nUpgrade: h2c\r\n"), root),
    ParserCase(
        "identity coding",
        post("Content-Encoding: identity\r\nContent-Length: 1\r\n", "x"),
        posted("x")
    ),
    ParserCase(
        "gzip coding, left to the handler",
        post("Content-Encoding: X-GZip\r\nContent-Length: 1\r\n", "x"),
        posted("x")
    ),
    ParserCase(
        "expectation",
        post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "x"),
        posted("x")
    ),
    ParserCase("unfinished head", "GET / HTTP/1.1\r\nHost: a\r\n"),
    ParserCase("unfinished body", post("Content-Length: 9\r\n", "hello")),
    ParserCase("unfinished chunk", post(chunked, "5\r\nhel")),
    ParserCase("trailing CR", "\r"),
]

private func refusedFields(_ error: HTTPError, _ fields: [String]) -> [ParserCase] {
    fields.map { ParserCase("field \($0.debugDescription)", get($0), .refused(error)) }
}

private func refusedLines(_ error: HTTPError, _ lines: [String]) -> [ParserCase] {
    lines.map {
        ParserCase("line \($0.debugDescription)", "\($0)\r\nHost: a\r\n\r\n", .refused(error))
    }
}

private func refusedChunks(_ error: HTTPError, _ bodies: [String]) -> [ParserCase] {
    bodies.map { ParserCase("chunks \($0.debugDescription)", post(chunked, $0), .refused(error)) }
}

let refusedCases: [ParserCase] =
    refusedLines(
        .malformedRequestLine,
        [
            "GET  / HTTP/1.1", "GET\t/\tHTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.1x",
            "GET / http/1.1",
            "GET / HTTP/11.1", "GET / HTTP/1", "GET / HTTP 1.1", "GET / HTTP/1.10", "GET / ICY/1.1",
            "GET /", "GET /\u{01} HTTP/1.1", "GET /a#b HTTP/1.1", "GET /\u{E9} HTTP/1.1",
            " GET / HTTP/1.1",
            "GET / HTTP/1.1\r", "\u{16}\u{03}\u{01}", "G@T / HTTP/1.1", "GET", "",
            String(repeating: "M", count: 33) + " / HTTP/1.1",
        ].filter { !$0.isEmpty }
    )
    + refusedLines(
        .malformedTarget,
        [
            "GET * HTTP/1.1", "GET a:80 HTTP/1.1", "GET a HTTP/1.1", "GET http:///x HTTP/1.1",
            "GET http://u@a/ HTTP/1.1", "GET /%zz HTTP/1.1", "GET /%4 HTTP/1.1",
            "GET /?a=%ff HTTP/1.1",
            "GET ftp://a/ HTTP/1.1",
        ]
    )
    + refusedLines(.methodNotImplemented, ["CONNECT a:80 HTTP/1.1"])
    + refusedLines(.unsupportedVersion, ["GET / HTTP/2.0", "PRI * HTTP/2.0", "GET / HTTP/0.9"])
    + refusedFields(
        .malformedField,
        [
            "X: a\r\n b\r\n", "X : a\r\n", ": a\r\n", "X(y): a\r\n", "\u{EF}foo: a\r\n", "Foo\r\n",
            "X: a\rb\r\n", "X: a\0b\r\n", "X: a\u{7F}\r\n", "X: a\n", " X: a\r\n", "X: a\r\r\n",
        ]
    )
    + refusedFields(.invalidHost, ["Host: b\r\n"])
    + ["", "a,b", "a/b", "a@b", "a b", "\u{E9}"].map {
        ParserCase(
            "Host \"\($0)\"",
            "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n",
            .refused(.invalidHost)
        )
    }
    + [
        ParserCase("no Host", "GET / HTTP/1.1\r\n\r\n", .refused(.missingHost)),
        ParserCase(
            "blank before first field",
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            .refused(.malformedField)
        ),
        ParserCase("lone LF", "GET / HTTP/1.1\nHost: a\n\n", .refused(.malformedRequestLine)),
        ParserCase(
            "chunks in 1.0",
            "POST / HTTP/1.0\r\n\(chunked)\r\n",
            .refused(.invalidTransferEncoding)
        ),
        ParserCase(
            "error after a request",
            get("") + "X\r\n\r\n",
            root,
            .refused(.malformedRequestLine)
        ),
    ]
    + refusedFields(
        .invalidContentLength,
        ["+5", "-5", "0x5", "5_0", "5 5", "5a", "", "5, 5", "1234567890123456789"].map {
            "Content-Length: \($0)\r\n"
        }
            + ["Content-Length: 5\r\nContent-Length: 5\r\n"]
    )
    + refusedFields(
        .conflictingLengths,
        ["Content-Length: 4\r\n\(chunked)", "\(chunked)Content-Length: 4\r\n"]
    )
    + refusedFields(
        .invalidTransferEncoding,
        ["chunked, identity", "xchunked", "identity", "", "gzip", "chunked;a"].map {
            "Transfer-Encoding: \($0)\r\n"
        }
            + [chunked + chunked]
    )
    + refusedFields(.malformedField, ["Transfer-Encoding: \u{0B}chunked\r\n"])
    + refusedFields(.unsupportedTransferEncoding, ["Transfer-Encoding: gzip, chunked\r\n"])
    + refusedFields(
        .unsupportedContentEncoding,
        [
            "br", "", "gzip, gzip", "gzip, identity", "identity\r\nContent-Encoding: gzip",
            "gzip\r\nContent-Encoding: deflate", "x-deflate", "gzip;q=1", "compress",
        ].map { "Content-Encoding: \($0)\r\nContent-Length: 1\r\n" }
    )
    + refusedFields(.unknownExpectation, ["Expect: foo\r\n"])
    + refusedChunks(
        .invalidChunk,
        ["0x5", "-5", "+5", "5_0", " 5", "", "g", "FFFFFFFFFFFFFFFFF", "8000000000000000", "5 "].map
        {
            "\($0)\r\nhello\r\n0\r\n\r\n"
        } + [
            "5\nhello\r\n", "5\r\nhelloXX0\r\n", "3\r\nhello\r\n", "5;a\nb\r\nhello", "5;\r\nhello",
            "5;a=\r\nhello",
            "5;a=\"b\r\n", "5;" + String(repeating: "a", count: 5000), "0\r\n\rX", "5\r\nhello\r0",
        ]
    )
    + refusedChunks(
        .malformedField,
        ["0\r\nX y\r\n\r\n", "0\r\n: y\r\n\r\n", "0\r\nX: \0\r\n\r\n", "0\r\nX: y\n\r\n"]
    )
    + refusedChunks(.bodyTooLarge(limit: 1 << 20), ["fffffffff\r\n", "100001\r\n"])
    + refusedChunks(
        .trailersTooLarge(limit: 16 << 10),
        ["0\r\n" + String(repeating: "X: yyyyyyyyyyyyyyyyyyyyyyyyy\r\n", count: 600)]
    )
