import Testing

@testable import HTTP

/// Bytes sent to a running server, and what must come back.
struct ConnectionCase: CustomTestStringConvertible, Sendable {
    /// Of the rule in `mustHandle`.
    let rule: Int
    let bytes: [UInt8]
    /// Of the answers, interim ones left out.
    let statuses: [Int]
    /// Whether the connection serves another request afterwards.
    let isKept: Bool
    /// Whether the client says that it will send no more.
    var endsSending = false
    /// Fields that the last answer must have; nil: must not have.
    var fields: [String: String?] = [:]
    /// The bodies of the answers, where they matter.
    var bodies: [String] = []

    var isHead: Bool { bytes.starts(with: Array("HEAD ".utf8)) }

    var testDescription: String {
        "\(rule): \(String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription)"
    }
}

private func kept(
    _ rule: Int,
    _ text: String,
    _ statuses: Int...,
    fields: [String: String?] = [:],
    bodies: [String] = []
) -> ConnectionCase {
    ConnectionCase(
        rule: rule,
        bytes: Array(text.utf8),
        statuses: statuses,
        isKept: true,
        fields: fields,
        bodies: bodies
    )
}

private func closed(
    _ rule: Int,
    _ text: String,
    _ statuses: Int...,
    endsSending: Bool = false,
    fields: [String: String?] = [:],
    bodies: [String] = []
) -> ConnectionCase {
    ConnectionCase(
        rule: rule,
        bytes: Array(text.utf8),
        statuses: statuses,
        isKept: false,
        endsSending: endsSending,
        fields: fields,
        bodies: bodies
    )
}

private func request(_ line: String, _ fields: String = "") -> String {
    "\(line) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
}

private let get = request("GET /")
private let later = request("GET /later")
private let chunked = "Transfer-Encoding: chunked\r\n"

let connectionCases: [ConnectionCase] =
    persistence + expectations + methods + sizes + pipelines + endings + answers

private let persistence = [
    kept(0, get, 200, fields: ["connection": nil]),
    closed(4, "GET / HTTP/1.0\r\n\r\n", 200, fields: ["connection": "close"]),
    closed(4, "GET / HTTP/1.0\r\n\r\n" + get, 200),
    kept(
        5,
        "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        200,
        fields: ["connection": "keep-alive"]
    ),
    closed(6, request("GET /", "Connection: close\r\n"), 200, fields: ["connection": "close"]),
    closed(6, request("GET /", "Connection: foo, CLOSE\r\n"), 200),
    closed(6, request("GET /", "Connection: keep-alive, close\r\n"), 200),
    closed(6, request("GET /", "Connection: keep-alive\r\nConnection: close\r\n"), 200),
    kept(6, request("GET /", "Connection: closed\r\n"), 200),
]

private let expectations = [
    kept(27, request("POST /p", "Expect: 100-continue\r\nContent-Length: 2\r\n") + "ab", 200),
    kept(27, request("GET /", "Expect: 100-continue\r\n"), 200),
    closed(27, request("POST /small", "Expect: 100-continue\r\nContent-Length: 11\r\n"), 413),
    closed(27, request("POST /busy", "Expect: 100-continue\r\nContent-Length: 5\r\n"), 429),
    closed(28, request("POST /p", "Expect: foo\r\nContent-Length: 2\r\n") + "ab", 417),
]

private let methods = [
    kept(29, request("HEAD /"), 200, fields: ["content-length": "2"]),
    kept(29, request("HEAD /nope"), 404),
    closed(29, "HEAD / HTTP/1.1\r\nBad\r\n\r\n", 400),
    kept(30, request("DELETE /"), 405, fields: ["allow": "GET, HEAD, POST, OPTIONS"]),
    kept(30, request("get /"), 405),
    kept(30, request("FOO /"), 405),
    kept(31, request("OPTIONS *"), 204, fields: ["allow": "GET, HEAD, POST, OPTIONS"]),
    kept(31, request("OPTIONS /p"), 204, fields: ["allow": "GET, HEAD, POST, OPTIONS"]),
]

private let sizes = [
    closed(34, request("GET /" + String(repeating: "a", count: 9000)), 414),
    closed(34, request("GET /", "X: \(String(repeating: "a", count: 17_000))\r\n"), 431),
    closed(34, request("GET /", String(repeating: "X: a\r\n", count: 100)), 431),
    kept(34, request("GET /", String(repeating: "X: a\r\n", count: 99)), 200),
    closed(34, request("POST /p", "Content-Length: 99999999\r\n"), 413),
    closed(34, request("POST /small", chunked) + "b\r\nhello", 413),
    kept(34, request("POST /p"), 200, bodies: ["0"]),
]

private let pipelines = [
    kept(40, get + get + get, 200, 200, 200),
    kept(
        40,
        later + get + request("POST /p", "Content-Length: 2\r\n") + "ab" + later + get,
        200,
        200,
        200,
        200,
        200,
        bodies: ["later", "ok", "2", "later", "ok"]
    ),
    closed(40, later + "X\r\n\r\n" + get, 200, 400, bodies: ["later", "malformed_request_line"]),
    closed(40, request("GET /later", "Connection: close\r\n") + get, 200, bodies: ["later"]),
    kept(41, request("GET /", "Content-Length: 5\r\n") + "hello" + get, 200, 200),
    kept(42, get, 200),
]

private let endings = [
    closed(43, get, 200, endsSending: true),
    closed(43, later + get, 200, 200, endsSending: true, bodies: ["later", "ok"]),
    closed(44, "GET / HTTP/1.1\r\nHost: a\r\n", endsSending: true),
    closed(44, request("POST /p", "Content-Length: 50\r\n") + "hello", endsSending: true),
    closed(44, request("POST /p", chunked) + "5\r\nhel", endsSending: true),
    closed(44, request("POST /p", chunked) + "5\r\nhello\r\n0\r\n", endsSending: true),
    closed(44, "", endsSending: true),
    closed(
        45,
        request("POST /p", "Content-Length: 900000000\r\n") + String(repeating: "x", count: 90_000),
        413,
        bodies: ["body_too_large"]
    ),
]

private let answers = [
    kept(48, get + request("GET /nope") + request("OPTIONS *"), 200, 404, 204),
    kept(49, request("OPTIONS /"), 204, fields: ["content-length": nil]),
    closed(
        50,
        request("POST /p", "Content-Encoding: br\r\nContent-Length: 1\r\n") + "x",
        415,
        fields: ["accept-encoding": "gzip, deflate"]
    ),
    kept(51, request("GET /%2e%2e/%2Fetc%2Fpasswd%00"), 404),
    kept(51, request("GET /%252e"), 404),
    kept(
        52,
        request("GET /inject"),
        200,
        fields: ["x-a": "b  X-Evil: 1", "x-evil": nil, "x b": nil, "content-length": "3"]
    ),
    kept(52, request("GET /", "X-Request-Id: a b\r\n"), 200),
    kept(
        53,
        request("POST /busy", "Content-Length: 5\r\n") + "hello",
        429,
        fields: ["retry-after": "1"]
    ),
    closed(
        53,
        request("POST /busy", "Content-Length: 90000\r\n"),
        429,
        fields: ["retry-after": "1"]
    ),
]
