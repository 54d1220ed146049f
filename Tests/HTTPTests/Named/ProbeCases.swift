/// Cases of Http11Probe (MDA2AV), by its identifiers: what a server must, should or may refuse.
let probeCases: [NamedCase] =
    probeLines + probeHeads + probeBodies + probeConnections + probeMalformed + probeSmuggling
    + probeChunks + probePipelines

/// Cases of Http11Probe without a row, and why.
let probeCasesLeftOut: [(names: [String], reason: String)] = [
    (
        ["MAL-EMPTY-REQUEST", "MAL-INCOMPLETE-REQUEST", "MAL-WHITESPACE-ONLY-LINE"],
        "about time: DeadlineTests, and rows of rule 44"
    ),
    (
        ["COMP-UPGRADE-INVALID-VER"],
        "this server upgrades to nothing, so no version of WebSocket is wrong"
    ),
    (
        ["COMP-TRACE-WITH-BODY", "COMP-TRACE-SENSITIVE", "COMP-METHOD-TRACE"],
        "TRACE is a method that no resource has: 405, as for COMP-UNKNOWN-METHOD"
    ),
    (
        ["COMP-RANGE-INVALID", "COMP-RANGE-POST", "MAL-RANGE-OVERLAPPING"],
        "Range is never read: there are no partial answers"
    ),
    (
        [
            "COMP-ACCEPT-NONSENSE", "COMP-POST-UNSUPPORTED-CT", "COMP-DUPLICATE-CT",
            "COMP-CONTENT-TYPE",
        ],
        "of the service: BadRequest's tables and ServiceTests"
    ),
    (
        [
            "CAP-ETAG-304", "CAP-ETAG-IN-304", "CAP-INM-WILDCARD", "CAP-INM-UNQUOTED",
            "CAP-ETAG-WEAK",
        ],
        "of the service: EntityTagTests"
    ),
    (
        ["CAP-LAST-MODIFIED-304", "CAP-INM-PRECEDENCE", "CAP-IMS-FUTURE", "CAP-IMS-INVALID"],
        "no answer has a Last-Modified, so If-Modified-Since is never read"
    ),
    (
        [
            "COOK-ECHO", "COOK-OVERSIZED", "COOK-EMPTY", "COOK-MANY-PAIRS", "COOK-MALFORMED",
            "COOK-MULTI-HEADER", "COOK-PARSED-BASIC", "COOK-PARSED-MULTI", "COOK-PARSED-EMPTY-VAL",
            "COOK-PARSED-SPECIAL",
        ],
        "there are no cookies; the field is a field like others"
    ),
]

private let probeLines =
    [NamedCase("COMP-BASELINE", Message.get(""), 200)]
    + lineRows(
        400,
        [
            ("RFC9112-3-MULTI-SP-REQUEST-LINE", "GET  / HTTP/1.1"),
            ("RFC9112-2.3-INVALID-VERSION", "GET / HTTP/9.9.9"),
            ("RFC9112-3-MISSING-TARGET", "GET  HTTP/1.1"),
            ("RFC9112-3.2-FRAGMENT-IN-TARGET", "GET /a#b HTTP/1.1"),
            ("RFC9112-2.3-HTTP09-REQUEST", "GET /"), ("COMP-ASTERISK-WITH-GET", "GET * HTTP/1.1"),
            ("COMP-REQUEST-LINE-TAB", "GET\t/\tHTTP/1.1"),
            ("COMP-VERSION-MISSING-MINOR", "GET / HTTP/1"),
            ("COMP-VERSION-LEADING-ZEROS", "GET / HTTP/01.01"),
            ("COMP-VERSION-WHITESPACE", "GET / HTTP/ 1.1"),
            ("COMP-VERSION-CASE", "GET / http/1.1"), ("COMP-SPACE-IN-TARGET", "GET /a b HTTP/1.1"),
            ("MAL-NUL-IN-URL", "GET /a\0b HTTP/1.1"),
            ("MAL-NON-ASCII-URL", "GET /caf\u{C3}\u{A9} HTTP/1.1"),
            ("MAL-URL-OVERLONG-UTF8", "GET /\u{C0}\u{AF} HTTP/1.1"),
        ]
    )
    + lineRows(
        414,
        [
            ("MAL-LONG-URL", "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1"),
            ("MAL-LONG-METHOD", String(repeating: "M", count: 100_000) + " / HTTP/1.1"),
        ]
    )
    + lineRows(501, [("COMP-METHOD-CONNECT", "CONNECT a:443 HTTP/1.1")])
    + lineRows(505, [("MAL-H2-PREFACE", "PRI * HTTP/2.0")])
    + [
        NamedCase("COMP-HTTP12-VERSION", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 200),
        NamedCase("COMP-LEADING-CRLF", "\r\n\r\n" + Message.get(""), 200),
        NamedCase("COMP-ABSOLUTE-FORM", Message.get("", target: "http://a/"), 200),
        NamedCase("COMP-METHOD-CASE", Message.get("", method: "get"), 405, isKept: true),
        NamedCase("COMP-UNKNOWN-METHOD", Message.get("", method: "FOOBAR"), 405, isKept: true),
        NamedCase("COMP-405-ALLOW", Message.get("", method: "DELETE"), 405, isKept: true),
        NamedCase("COMP-OPTIONS-STAR", Message.get("", target: "*", method: "OPTIONS"), 204),
        NamedCase("COMP-OPTIONS-ALLOW", Message.get("", method: "OPTIONS"), 204),
        NamedCase("COMP-NO-CL-IN-204", Message.get("", method: "OPTIONS"), 204),
        NamedCase(
            "COMP-LONG-URL-OK",
            Message.get("", target: "/?" + String(repeating: "a", count: 8000)),
            200
        ),
        // Not of the grammar of URIs, but browsers and curl send such bytes: parts of a name like others.
        NamedCase("MAL-URL-BACKSLASH", Message.get("", target: "/a\\b"), 404, isKept: true),
        NamedCase("MAL-URL-PERCENT-NULL", Message.get("", target: "/%00"), 404, isKept: true),
        NamedCase("MAL-URL-PERCENT-CRLF", Message.get("", target: "/%0d%0aX:1"), 404, isKept: true),
    ]

private let probeHeads =
    getRows(
        400,
        [
            ("RFC9112-2.2-BARE-LF-HEADER", "X: a\nY: b\r\n"),
            ("RFC9112-5.1-OBS-FOLD", "X: a\r\n b\r\n"),
            ("RFC9110-5.6.2-SP-BEFORE-COLON", "X : a\r\n"),
            ("RFC9112-5-EMPTY-HEADER-NAME", ": a\r\n"),
            ("RFC9112-5-INVALID-HEADER-NAME", "X[0]: a\r\n"),
            ("RFC9112-5-HEADER-NO-COLON", "Nonsense\r\n"),
            ("RFC9110-5.4-DUPLICATE-HOST", "Host: b\r\n"),
            ("COMP-DUPLICATE-HOST-SAME", "Host: a\r\n"),
            ("MAL-CONTROL-CHARS-HEADER", "X: a\u{1}\u{2}\r\n"),
            ("MAL-NON-ASCII-HEADER-NAME", "X\u{C3}\u{AB}: a\r\n"),
            ("MAL-NUL-IN-HEADER-VALUE", "X: a\0b\r\n"),
            ("NORM-SP-BEFORE-COLON-CL", "Content-Length : 1\r\n"),
            ("NORM-TAB-IN-NAME", "Content\tLength: 1\r\n"), ("COOK-NUL", "Cookie: a=\0b\r\n"),
            ("COOK-CONTROL-CHARS", "Cookie: a=\u{1}\u{2}\u{3}\r\n"),
        ]
    )
    + getRows(
        431,
        [
            ("MAL-LONG-HEADER-VALUE", "X: \(String(repeating: "a", count: 100_000))\r\n"),
            ("MAL-LONG-HEADER-NAME", String(repeating: "a", count: 100_000) + ": a\r\n"),
            ("MAL-MANY-HEADERS", String(repeating: "X: a\r\n", count: 10_000)),
        ]
    )
    + [
        NamedCase("RFC9112-7.1-MISSING-HOST", "GET / HTTP/1.1\r\n\r\n", 400),
        NamedCase("RFC9112-2.2-BARE-LF-REQUEST-LINE", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
        // No line has ended: nothing is served, and the deadline of heads comes.
        NamedCase(
            "RFC9112-3-CR-ONLY-LINE-ENDING",
            "GET / HTTP/1.1\rHost: a\r\r",
            endsSending: true
        ),
        NamedCase("COMP-WHITESPACE-BEFORE-HEADERS", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        NamedCase("COMP-HOST-WITH-USERINFO", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        NamedCase("COMP-HOST-WITH-PATH", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        NamedCase("COMP-HOST-EMPTY-VALUE", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        NamedCase("SMUG-MULTIPLE-HOST-COMMA", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
        NamedCase("COMP-DATE-HEADER", Message.get(""), 200),
        NamedCase("COMP-DATE-FORMAT", Message.get(""), 200),
        NamedCase("SMUG-BARE-CR-HEADER-VALUE", Message.get("X: a\rb\r\n"), 400),
        NamedCase("NORM-UNDERSCORE-CL", Message.get("Content_Length: 99\r\n"), 200),
    ]

private let probeBodies =
    postRows(
        200,
        [
            ("COMP-POST-CL-BODY", "Content-Length: 5\r\n", "hello"),
            ("COMP-POST-CL-ZERO", "Content-Length: 0\r\n", ""), ("COMP-POST-NO-CL-NO-TE", "", ""),
            ("COMP-CHUNKED-BODY", Message.chunked, "5\r\nhello\r\n0\r\n\r\n"),
            ("COMP-CHUNKED-MULTI", Message.chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
            ("COMP-CHUNKED-EMPTY", Message.chunked, "0\r\n\r\n"),
            ("COMP-CHUNKED-EXTENSION", Message.chunked, "5;a=b\r\nhello\r\n0\r\n\r\n"),
            ("COMP-CHUNKED-TRAILER-VALID", Message.chunked, "5\r\nhello\r\n0\r\nX: a\r\n\r\n"),
            ("COMP-CHUNKED-HEX-UPPERCASE", Message.chunked, "A\r\n0123456789\r\n0\r\n\r\n"),
            ("COMP-UPGRADE-POST", "Connection: Upgrade\r\nUpgrade: websocket\r\n", ""),
            ("NORM-CASE-TE", "TRANSFER-ENCODING: chunked\r\n", "1\r\nx\r\n0\r\n\r\n"),
            ("NORM-UNDERSCORE-TE", "Transfer_Encoding: chunked\r\n", ""),
            ("MAL-CL-TAB-BEFORE-VALUE", "Content-Length:\t5\r\n", "hello"),
        ]
    ) + [
        NamedCase("COMP-GET-WITH-CL-BODY", Message.get("Content-Length: 5\r\n") + "hello", 200),
        NamedCase("COMP-UNKNOWN-TE-501", Message.post("Transfer-Encoding: gzip\r\n"), 400),
        NamedCase(
            "COMP-POST-CL-UNDERSEND",
            Message.post("Content-Length: 10\r\n", "hello"),
            endsSending: true
        ),
        NamedCase(
            "COMP-CHUNKED-NO-FINAL",
            Message.post(Message.chunked, "5\r\nhello\r\n"),
            endsSending: true
        ),
        NamedCase("COMP-EXPECT-UNKNOWN", Message.get("Expect: 200-ok\r\n"), 417),
        NamedCase("MAL-POST-CL-HUGE-NO-BODY", Message.post("Content-Length: 999999999\r\n"), 413),
    ]

private let probeConnections = [
    NamedCase("COMP-CONNECTION-CLOSE", Message.get("Connection: close\r\n"), 200, isKept: false),
    NamedCase("COMP-HTTP10-DEFAULT-CLOSE", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 200, isKept: false),
    NamedCase("COMP-HTTP10-NO-HOST", "GET / HTTP/1.0\r\n\r\n", 200, isKept: false),
    NamedCase("COMP-UPGRADE-MISSING-CONN", Message.get("Upgrade: websocket\r\n"), 200),
    NamedCase("COMP-UPGRADE-UNKNOWN", Message.get("Connection: Upgrade\r\nUpgrade: x/9\r\n"), 200),
    NamedCase(
        "COMP-UPGRADE-HTTP10",
        "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        200,
        isKept: false
    ),
    NamedCase(
        "COMP-NO-1XX-HTTP10",
        "POST /p HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
        200,
        isKept: false
    ),
    NamedCase("COMP-HEAD-NO-BODY", Message.get("", method: "HEAD"), 200),
]

private let probeMalformed = [
    NamedCase("MAL-BINARY-GARBAGE", "\u{80}\u{FF}\u{0}\u{7}\u{99}\r\n\r\n", 400),
    NamedCase("MAL-CL-OVERFLOW", Message.post("Content-Length: 99999999999999999999\r\n"), 400),
    NamedCase("MAL-CL-EMPTY", Message.post("Content-Length:\r\n"), 400),
    NamedCase(
        "MAL-CHUNK-SIZE-OVERFLOW",
        Message.post(Message.chunked, "FFFFFFFFFFFFFFFFF\r\nx\r\n"),
        400
    ),
    NamedCase(
        "MAL-CHUNK-EXT-64K",
        Message.post(Message.chunked, "1;a=\(String(repeating: "b", count: 65_536))\r\nx\r\n"),
        400
    ),
]
