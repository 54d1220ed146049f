@testable import HTTP

private let root = Outcome.request("GET /", body: "")

private func fields(_ rule: Int, _ error: HTTPError, _ fields: [String]) -> [ParserCase] {
    fields.map {
        ParserCase(rule, "field \($0.debugDescription)", Message.get($0), .refused(error))
    }
}

private func lines(_ rule: Int, _ error: HTTPError, _ lines: [String]) -> [ParserCase] {
    lines.map {
        ParserCase(rule, "line \($0.debugDescription)", "\($0)\r\nHost: a\r\n\r\n", .refused(error))
    }
}

private func chunks(_ rule: Int, _ error: HTTPError, _ bodies: [String]) -> [ParserCase] {
    bodies.map {
        ParserCase(
            rule,
            "chunks \($0.debugDescription)",
            Message.post(Message.chunked, $0),
            .refused(error)
        )
    }
}

private func lengths(_ rule: Int, _ values: [String]) -> [ParserCase] {
    fields(rule, .invalidContentLength, values.map { "Content-Length: \($0)\r\n" })
}

private func codings(_ rule: Int, _ error: HTTPError, _ values: [String]) -> [ParserCase] {
    fields(rule, error, values.map { "Transfer-Encoding: \($0)\r\n" })
}

let refusedCases: [ParserCase] = refusedHeads + refusedFraming + refusedLines

private let refusedHeads: [ParserCase] = joined([
    [ParserCase(1, "no Host", "GET / HTTP/1.1\r\n\r\n", .refused(.missingHost))],
    fields(2, .invalidHost, ["Host: b\r\n", "HOST: a\r\n"]),
    ["", "a,b", "a/b", "a@b", "a b", "\u{E9}", "a?b", "a#b"].map {
        ParserCase(
            3,
            "Host \"\($0)\"",
            "GET / HTTP/1.1\r\nHost: \($0)\r\n\r\n",
            .refused(.invalidHost)
        )
    },
    fields(7, .malformedField, ["X: a\r\n b\r\n", "X: a\r\n\tb\r\n", "X:\r\n \r\n"]),
    fields(8, .malformedField, ["X : a\r\n", "X\t: a\r\n"]),
    [
        ParserCase(
            9,
            "blank before first field",
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            .refused(.malformedField)
        )
    ],
    fields(
        10,
        .malformedField,
        ["X: a\rb\r\n", "X: a\0b\r\n", "X: a\u{7F}\r\n", "X: a\u{01}\r\n", "X: a\r\r\n"]
    ),
    fields(11, .malformedField, ["X: a\n", "X: a\nY: b\r\n"]),
    [ParserCase(11, "lone LF", "GET / HTTP/1.1\nHost: a\n\n", .refused(.malformedRequestLine))],
    fields(
        12,
        .malformedField,
        [": a\r\n", "X(y): a\r\n", "\u{EF}foo: a\r\n", "Foo\r\n", " X: a\r\n", "X\0: a\r\n"]
    ),
    fields(28, .unknownExpectation, ["Expect: foo\r\n", "Expect: 100-continue, foo\r\n"]),
    fields(
        50,
        .unsupportedContentEncoding,
        [
            "br", "", "gzip, gzip", "gzip, identity", "identity\r\nContent-Encoding: gzip",
            "gzip\r\nContent-Encoding: deflate", "x-deflate", "gzip;q=1", "compress",
        ].map { "Content-Encoding: \($0)\r\nContent-Length: 1\r\n" }
    ),
])

private let refusedFraming: [ParserCase] = joined([
    fields(
        14,
        .conflictingLengths,
        ["Content-Length: 4\r\n\(Message.chunked)", "\(Message.chunked)Content-Length: 4\r\n"]
    ),
    lengths(15, ["5, 5", "5, 6", "5\r\nContent-Length: 5", "5\r\nContent-Length: 6"]),
    lengths(
        16,
        ["+5", "-5", "0x5", "5_0", "5 5", "5a", "", "5.0", "5;", "1234567890123456789"]
    ),
    codings(17, .invalidTransferEncoding, ["chunked\r\nTransfer-Encoding: chunked"]),
    codings(18, .invalidTransferEncoding, ["chunked, identity", "chunked, gzip", "chunked;a"]),
    codings(18, .unsupportedTransferEncoding, ["gzip, chunked", "identity, chunked"]),
    codings(
        19,
        .invalidTransferEncoding,
        ["xchunked", "identity", "", "gzip", "chunked,", "\"chunked\""]
    ),
    codings(19, .malformedField, ["\u{0B}chunked"]),
    [
        ParserCase(
            20,
            "chunks in 1.0",
            "POST / HTTP/1.0\r\n\(Message.chunked)\r\n",
            .refused(.invalidTransferEncoding)
        )
    ],
    chunks(
        22,
        .invalidChunk,
        [
            "0x5", "-5", "+5", "5_0", " 5", "", "g", "FFFFFFFFFFFFFFFFF", "8000000000000000",
            "0000000000000005", "5 ", "5\t", "5\r",
        ].map { "\($0)\r\nhello\r\n0\r\n\r\n" } + ["5\nhello\r\n"]
    ),
    chunks(22, .bodyTooLarge(limit: 1 << 20), ["fffffffff\r\n", "100001\r\n"]),
    chunks(
        23,
        .invalidChunk,
        [
            "5;a\nb\r\nhello", "5;\r\nhello", "5;a=\r\nhello", "5;a=\"b\r\n", "5 ;a\r\nhello",
            "5;a =b\r\nhello", "5;" + String(repeating: "a", count: 5000),
        ]
    ),
    chunks(
        24,
        .invalidChunk,
        ["5\r\nhelloXX0\r\n", "3\r\nhello\r\n", "5\r\nhello\r0", "5\r\nhello\n0\r\n", "0\r\n\rX"]
    ),
    chunks(
        25,
        .malformedField,
        [
            "0\r\nX y\r\n\r\n", "0\r\n: y\r\n\r\n", "0\r\nX: \0\r\n\r\n", "0\r\nX: y\n\r\n",
            "0\r\nX: y\r\n z\r\n\r\n",
        ]
    ),
    chunks(
        25,
        .trailersTooLarge(limit: 16 << 10),
        ["0\r\n" + String(repeating: "X: yyyyyyyyyyyyyyyyyyyyyyyyy\r\n", count: 600)]
    ),
])

private let refusedLines: [ParserCase] = joined([
    lines(
        32,
        .malformedTarget,
        ["GET * HTTP/1.1", "POST * HTTP/1.1", "GET a:80 HTTP/1.1", "GET a HTTP/1.1"]
    ),
    lines(32, .malformedRequestLine, ["GET /a#b HTTP/1.1"]),
    lines(32, .methodNotImplemented, ["CONNECT a:80 HTTP/1.1"]),
    lines(
        33,
        .malformedTarget,
        ["GET http:///x HTTP/1.1", "GET http://u@a/ HTTP/1.1", "GET ftp://a/ HTTP/1.1"]
    ),
    lines(34, .malformedRequestLine, [String(repeating: "M", count: 33) + " / HTTP/1.1"]),
    lines(
        35,
        .malformedRequestLine,
        [
            "GET / HTTP/1.1x", "GET / http/1.1", "GET / HTTP/11.1", "GET / HTTP/1",
            "GET / HTTP 1.1",
            "GET / HTTP/1.10", "GET / ICY/1.1", "GET / HTTP/1.", "GET / HTTP/.1", "GET / HTTP/1.a",
        ]
    ),
    lines(35, .unsupportedVersion, ["GET / HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/3.0"]),
    lines(36, .malformedRequestLine, ["GET /", "GET"]),
    [
        ParserCase(
            37,
            "nine blank lines",
            String(repeating: "\r\n", count: 9) + Message.get(""),
            .refused(.malformedRequestLine)
        ),
        ParserCase(37, "blank line of LF", "\n" + Message.get(""), .refused(.malformedRequestLine)),
    ],
    lines(
        38,
        .malformedRequestLine,
        [
            "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET\t/\tHTTP/1.1", "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET / HTTP/1.1\r", "GET /\u{01} HTTP/1.1", "GET /\u{E9} HTTP/1.1",
            "GET /a\0b HTTP/1.1",
            "G@T / HTTP/1.1", " / HTTP/1.1", "GET HTTP/1.1",
        ]
    ),
    lines(39, .malformedRequestLine, ["\u{16}\u{03}\u{01}"]),
    lines(39, .unsupportedVersion, ["PRI * HTTP/2.0"]),
    [
        ParserCase(
            40,
            "error after a request",
            Message.get("") + "X\r\n\r\n" + Message.get(""),
            root,
            .refused(.malformedRequestLine)
        )
    ],
    lines(
        51,
        .malformedTarget,
        ["GET /%zz HTTP/1.1", "GET /%4 HTTP/1.1", "GET /% HTTP/1.1", "GET /?a=%ff HTTP/1.1"]
    ),
])

/// One list of several; a sum of so many is too much for some compilers.
private func joined(_ cases: [[ParserCase]]) -> [ParserCase] { cases.flatMap { $0 } }
