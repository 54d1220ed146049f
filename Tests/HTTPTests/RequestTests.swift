import Testing

@testable import HTTP

@Suite struct RequestTests {
    static let paths: [(String, [String])] = [
        ("/", []), ("/a", ["a"]), ("/a/", ["a", ""]), ("//", ["", ""]), ("/a//b", ["a", "", "b"]),
        ("/a%2Fb/c", ["a/b", "c"]), ("/%61%2561", ["a%61"]), ("/..%2f../%00", ["../..", "\0"]),
        ("/%C3%A9+", ["é+"]), ("/a?/b", ["a"]), ("/?", []),
    ]

    @Test("paths are split, then decoded once", arguments: paths)
    func splits(_ target: String, _ path: [String]) throws {
        #expect(try Request("GET", target).path == path)
    }

    static let queries: [(String, [QueryItem])] = [
        ("/?a=1&b=2", [QueryItem(name: "a", value: "1"), QueryItem(name: "b", value: "2")]),
        ("/?a+b=c+%2B%26%3d", [QueryItem(name: "a b", value: "c +&=")]),
        ("/?a&b=&=c", ["a", "b", ""].map { QueryItem(name: $0, value: $0.isEmpty ? "c" : "") }),
        ("/?a=1&a=2&&", [QueryItem(name: "a", value: "1"), QueryItem(name: "a", value: "2")]),
        ("/?a=b=c?d", [QueryItem(name: "a", value: "b=c?d")]), ("/?", []), ("/", []),
    ]

    @Test("queries are split, then decoded once, in order", arguments: queries)
    func splitsQuery(_ target: String, _ query: [QueryItem]) throws {
        #expect(try Request("GET", target).query == query)
    }

    static let malformed = [
        "", "a", "/%", "/%4", "/%zz", "/%ff", "/ ", "/é", "/#", "/?%f0", "/?a=%4",
    ]

    @Test("malformed targets throw", arguments: malformed)
    func refuses(_ target: String) {
        #expect(throws: HTTPError.malformedTarget) { try Request("GET", target) }
    }

    @Test func `header fields are found whatever their case, the first of several`() throws {
        let fields = [("Accept", "a"), ("X-Empty", ""), ("ACCEPT", "b")]
        let request = try Request("GET", "/", headers: fields)
        #expect(request.header("accept") == "a")
        #expect(request.header("x-empty") == "")
        #expect(request.header("Accep") == nil)
        #expect(request.headers.map(\.name) == ["Accept", "X-Empty", "ACCEPT"])
        #expect(request.headers.map(\.value) == ["a", "", "b"])
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a:1\r\n\r\n", "a:1"),
            ("GET http://b:2/x HTTP/1.1\r\nHost: a:1\r\n\r\n", "b:2"),
            ("GET HTTPS://B?x HTTP/1.1\r\nHost: a\r\n\r\n", "B"),
            ("GET http://b HTTP/1.0\r\n\r\n", "b"), ("GET / HTTP/1.0\r\n\r\n", nil),
        ] as [(String, String?)]
    )
    func `a request is for the authority of its target, else for Host`(
        text: String,
        authority: String?
    ) throws {
        var parser = RequestParser(limits: Limits())
        var input = ByteBuffer()
        input.append(Array(text.utf8).span)
        var identifiers = RequestIdentifiers()
        guard case .head(let head) = try parser.next(from: &input, identifiers: &identifiers)
        else {
            Issue.record("no head")
            return
        }
        #expect(head.authority == authority)
    }

    @Test("bytes are followed by zeros", arguments: [0, 1, 63, 64, 65, 1000, 262_144])
    func hasSlack(count: Int) {
        let bytes = Bytes((0..<count).map { UInt8(truncatingIfNeeded: $0 | 1) })
        #expect(bytes.count == count)
        unsafe bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            for index in count..<count + Bytes.slack {
                let byte = unsafe base.load(fromByteOffset: index, as: UInt8.self)
                #expect(byte == 0)
            }
        }
        #expect(bytes.withSpan { $0.byteCount } == count)
    }

    @Test func `an exchange answers once, and 500 if it is let go`() {
        nonisolated(unsafe) var statuses: [Int] = []
        var exchange: Exchange? = Exchange { unsafe statuses.append($0.status.code) }
        exchange?.respond(Response(.ok))
        exchange?.respond(Response(.created))
        exchange = nil
        #expect(unsafe statuses == [200])
        exchange = Exchange { unsafe statuses.append($0.status.code) }
        #expect(exchange?.isAbandoned == false)
        exchange = nil
        #expect(unsafe statuses == [200, 500])
    }

    @Test func `generated identifiers are short and differ`() {
        var identifiers = RequestIdentifiers()
        let made = (0..<1000).map { _ in identifiers.next() }
        #expect(Set(made).count == 1000)
        #expect(made.allSatisfy { $0.utf8.count == 14 })
    }

    @Test func `every error has a status, a code and a sentence`() {
        let errors: [HTTPError] = [
            .malformedTarget, .targetTooLong(limit: 1), .bodyTooLarge(limit: 2), .headTimeout,
            .tooManyConnections(limit: 3), .invalidAddress(host: "h", port: 4),
            .addressInUse(host: "h", port: 5), .system(operation: "bind", errno: 13),
        ]
        for error in errors {
            #expect(error.status.code >= 400)
            #expect(!error.code.isEmpty)
            #expect(error.description.hasSuffix("."))
        }
        #expect(HTTPError.bodyTooLarge(limit: 2).description.contains("2 bytes"))
    }

    @Test(
        "dates are written as RFC 9110 wants",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ]
    )
    func writesDate(_ second: Int, _ text: String) {
        #expect(String(decoding: DateField.line(at: second), as: UTF8.self) == "\r\nDate: \(text)")
    }
}
