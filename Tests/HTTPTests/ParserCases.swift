import Testing

@testable import HTTP

/// A message and what the parser must make of it.
struct ParserCase: CustomTestStringConvertible, Sendable {
    /// Of the rule in `mustHandle`; 0 for other rows.
    let rule: Int
    let name: String
    let bytes: [UInt8]
    let expected: [Outcome]

    init(_ rule: Int, _ name: String, _ text: String, _ expected: Outcome...) {
        self.rule = rule
        self.name = name
        // One character a byte, so that a row can hold bytes that are not UTF-8.
        bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        self.expected = expected
    }

    var testDescription: String { "\(rule): \(name)" }
}

/// Parts that messages of the tables are made of.
enum Message {
    static let chunked = "Transfer-Encoding: chunked\r\n"

    static func get(_ fields: String, target: String = "/", method: String = "GET") -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    static func post(_ fields: String, _ body: String = "") -> String {
        "POST /p HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\(body)"
    }
}

private let root = Outcome.request("GET /", body: "")
private func posted(_ body: String) -> Outcome { .request("POST /p", body: body) }

let acceptedCases: [ParserCase] = [
    ParserCase(0, "plain GET", Message.get(""), root),
    ParserCase(4, "1.0 without Host", "GET / HTTP/1.0\r\n\r\n", root),
    ParserCase(13, "obs-text in a value", Message.get("X: \u{C3}\u{A9}\u{FF}\r\n"), root),
    ParserCase(0, "blanks around a value", Message.get("X: \t a \t\r\nY:b\r\n"), root),
    ParserCase(0, "empty value", Message.get("X:\r\n"), root),
    ParserCase(0, "sized body", Message.post("Content-Length: 5\r\n", "hello"), posted("hello")),
    ParserCase(
        16,
        "leading zeros",
        Message.post("Content-Length: 0005\r\n", "hello"),
        posted("hello")
    ),
    ParserCase(0, "length 0", Message.post("Content-Length: 0\r\n"), posted("")),
    ParserCase(34, "POST without length has no body", Message.post(""), posted("")),
    ParserCase(
        21,
        "ChunKed",
        Message.post("transfer-encoding: ChunKed\r\n", "1\r\nx\r\n0\r\n\r\n"),
        posted("x")
    ),
    ParserCase(
        22,
        "chunks",
        Message.post(Message.chunked, "5\r\nhello\r\n00a\r\n0123456789\r\n0\r\n\r\n"),
        posted("hello0123456789")
    ),
    ParserCase(
        22,
        "15 digits",
        Message.post(Message.chunked, "000000000000001\r\nx\r\n000\r\n\r\n"),
        posted("x")
    ),
    ParserCase(22, "empty chunked body", Message.post(Message.chunked, "0\r\n\r\n"), posted("")),
    ParserCase(
        23,
        "chunk extensions",
        Message.post(Message.chunked, "1;a=b;c=\"d;\\\"\";e\r\nx\r\n0;f\r\n\r\n"),
        posted("x")
    ),
    ParserCase(
        25,
        "trailers",
        Message.post(Message.chunked, "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 9\r\nHost: c\r\n\r\n")
            + Message.get(""),
        posted("x"),
        root
    ),
    ParserCase(
        26,
        "request after chunks",
        Message.post(Message.chunked, "1\r\nx\r\n0\r\n\r\n") + Message.get(""),
        posted("x"),
        root
    ),
    ParserCase(
        27,
        "expectation",
        Message.post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "x"),
        posted("x")
    ),
    ParserCase(
        30,
        "lower case method",
        Message.get("", method: "get"),
        .request("get /", body: "")
    ),
    ParserCase(
        31,
        "OPTIONS *",
        Message.get("", target: "*", method: "OPTIONS"),
        .request("OPTIONS *", body: "")
    ),
    ParserCase(
        33,
        "absolute form",
        Message.get("", target: "http://a/x?y"),
        .request("GET /x?y", body: "")
    ),
    ParserCase(33, "absolute form, no path", Message.get("", target: "HTTP://A"), root),
    ParserCase(
        33,
        "absolute form, query",
        Message.get("", target: "https://a:443?b"),
        .request("GET /?b", body: "")
    ),
    ParserCase(33, "absolute form, default port", Message.get("", target: "http://a:80/"), root),
    ParserCase(33, "absolute form, another Host", Message.get("", target: "http://b:81/"), root),
    ParserCase(33, "absolute form in 1.0", "GET http://a:1/ HTTP/1.0\r\n\r\n", root),
    ParserCase(35, "version 1.2 is treated as 1.1", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", root),
    ParserCase(37, "blank lines first", "\r\n\r\n" + Message.get(""), root),
    ParserCase(
        39,
        "Upgrade is ignored",
        Message.get("Connection: Upgrade\r\nUpgrade: h2c\r\n"),
        root
    ),
    ParserCase(
        40,
        "pipelined",
        Message.get("") + Message.post("Content-Length: 2\r\n", "ab") + Message.get(""),
        root,
        posted("ab"),
        root
    ),
    ParserCase(
        41,
        "GET with body",
        Message.get("Content-Length: 1\r\n") + "x" + Message.get(""),
        .request("GET /", body: "x"),
        root
    ),
    ParserCase(
        50,
        "identity coding",
        Message.post("Content-Encoding: identity\r\nContent-Length: 1\r\n", "x"),
        posted("x")
    ),
    ParserCase(
        50,
        "gzip coding, left to the handler",
        Message.post("Content-Encoding: X-GZip\r\nContent-Length: 1\r\n", "x"),
        posted("x")
    ),
    ParserCase(42, "unfinished head", "GET / HTTP/1.1\r\nHost: a\r\n"),
    ParserCase(42, "unfinished body", Message.post("Content-Length: 9\r\n", "hello")),
    ParserCase(42, "unfinished chunk", Message.post(Message.chunked, "5\r\nhel")),
    ParserCase(42, "trailing CR", "\r"),
]
