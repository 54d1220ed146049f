/// The request cases of llhttp (nodejs), by file and heading; those of its lenient modes are none of this server's.
let llhttpCases: [NamedCase] =
    llhttpInvalid + llhttpLengths + llhttpCodings + llhttpConnections + llhttpMethods
    + llhttpTargets
    + llhttpSamples

/// Cases of llhttp without a row, and why.
let llhttpCasesLeftOut: [(names: [String], reason: String)] = [
    (
        ["pausing", "lenient-headers", "lenient-version", "lenient-header-value-relaxed"],
        "modes of that parser"
    ),
    (
        ["method: SOURCE request with ICE", "method: OPTIONS and ANNOUNCE request with RTSP"],
        "other protocols: refused as in invalid"
    ),
    (["connection: upgrade, pausing"], "this server upgrades to nothing"),
]

private let evil = Message.get("", target: "/evil")

private let llhttpInvalid =
    lineRows(
        400,
        [
            ("invalid: ICE protocol and GET method", "GET /music ICE/1.0"),
            ("invalid: ICE protocol, but not really", "GET /music IHTTP/1.0"),
            ("invalid: RTSP protocol and PUT method", "PUT /music RTSP/1.0"),
        ]
    )
    + lineRows(505, [("invalid: Invalid HTTP version", "GET / HTTP/5.6")])
    + getRows(
        400,
        [
            ("invalid: Headers separated by CR", "Foo: 1\rBar: 2\r\n"),
            ("invalid: Headers separated by LF", "x:x\nTransfer-Encoding: chunked\r\n"),
            (
                "invalid: Headers separated by dummy characters",
                "Connection: close\r\n\rZGET /evil: HTTP/1.1\r\n"
            ),
            ("invalid: Empty headers separated by CR", "x:\rTransfer-Encoding: chunked\r\n"),
            ("invalid: Empty headers separated by LF", "x:\nTransfer-Encoding: chunked\r\n"),
            ("invalid: Invalid header token #1", "Fo@: a\r\n"),
            ("invalid: Invalid header token #2", "Fo\u{1}o: a\r\n"),
            ("invalid: Invalid header token #3", ": a\r\n"),
            ("invalid: Illegal header field name line folding", "name\r\n : value\r\n"),
            ("invalid: Corrupted Connection header", "Connection\r\u{1B}5\u{D5}eep-Alive\r\n"),
            ("invalid: Corrupted header name", "X-Some\r\u{1B}5\u{D5}eep-Alive\r\n"),
            ("invalid: Missing CR between headers", "Dummy: x\nContent-Length: 23\r\n"),
            ("invalid: Spaces before headers", "Foo: bar\r\n Content-Length: 38\r\n"),
        ]
    )
    + [
        NamedCase(
            "invalid: HTTP protocol and ANNOUNCE method",
            Message.get("", method: "ANNOUNCE"),
            405,
            isKept: true
        ),
        NamedCase("invalid: Invalid method", Message.get("", method: "MKCOLA"), 405, isKept: true),
        NamedCase(
            "invalid: Invalid space after start line",
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            400
        ),
        NamedCase(
            "invalid: Only LFs present",
            "POST /p HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n0\n\n",
            400
        ),
    ]

private let llhttpConnections =
    getRows(
        200,
        [
            ("connection: keep-alive, Setting flag", "Connection: keep-alive\r\n")
        ]
    )
    + getRows(
        400,
        [
            ("connection: Not treating CR as -", "Connection: keep\ralive\r\n"),
            ("connection: Multiple tokens with folding", "Connection: Keep-Alive,\r\n Upgrade\r\n"),
            (
                "connection: tokens with folding and LWS",
                "Connection: Keep-Alive, \r\n\t Upgrade\r\n"
            ),
            (
                "connection: tokens with folding, LWS, and CRLF",
                "Connection: keep-alive, \r\n upgrade\r\n"
            ),
            ("connection: Invalid whitespace token", "Connection : upgrade\r\n"),
        ]
    )
    + [
        NamedCase(
            "connection: Restarting when keep-alive is explicitly",
            Message.get("Connection: keep-alive\r\n") + Message.get(""),
            200,
            200
        ),
        NamedCase(
            "connection: No restart when off (1.0)",
            "GET / HTTP/1.0\r\n\r\n" + evil,
            200,
            isKept: false
        ),
        NamedCase(
            "connection: CRLF between requests",
            Message.get("") + "\r\n" + Message.get(""),
            200,
            200
        ),
        NamedCase(
            "connection: Setting flag on close",
            Message.get("Connection: close\r\n"),
            200,
            isKept: false
        ),
        NamedCase(
            "connection: close followed by tab",
            Message.get("Connection: close\t\r\n"),
            200,
            isKept: false
        ),
        NamedCase(
            "connection: CRLF between, close",
            Message.get("Connection: close\r\n") + "\r\n" + evil,
            200,
            isKept: false
        ),
        NamedCase(
            "connection: Multiple tokens",
            Message.get("Connection: close, token, keep-alive\r\n"),
            200,
            isKept: false
        ),
        NamedCase(
            "connection: Upgrade GET",
            Message.get("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"),
            200
        ),
        NamedCase(
            "connection: Upgrade POST",
            Message.post(
                "Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\nContent-Length: 15\r\n",
                "sweet post body"
            ),
            200
        ),
    ]

private let llhttpMethods =
    [
        "REPORT", "PATCH", "PURGE", "SEARCH", "LINK", "UNLINK", "SOURCE", "QUERY",
    ].map {
        NamedCase(
            "method: \($0) request",
            Message.get("Content-Length: 2\r\n", method: $0) + "ab",
            405,
            isKept: true
        )
    }
    + lineRows(
        501,
        [
            ("method: CONNECT request", "CONNECT 0-home0.example:443 HTTP/1.0"),
            ("method: CONNECT request with CAPS", "CONNECT HOME0.EXAMPLE:443 HTTP/1.0"),
            ("uri: Underscore in hostname", "CONNECT home_0.example:443 HTTP/1.0"),
        ]
    )
    + lineRows(
        400,
        [
            ("method: M-SEARCH request", "M-SEARCH * HTTP/1.1"),
            ("method: PRI request HTTP2", "PRI * HTTP/1.1"),
        ]
    )
    + [
        NamedCase(
            "method: CONNECT with body",
            "CONNECT a:443 HTTP/1.0\r\nContent-Length: 2\r\n\r\nab",
            501
        ),
        NamedCase(
            "pipelining: Should parse multiple events",
            Message.post("Content-Length: 3\r\n", "AAA")
                + Message.post("Content-Length: 4\r\n", "BBBB")
                + Message.get("Content-Length: 5\r\n", method: "PATCH") + "CCCCC",
            200,
            200,
            405,
            isKept: true
        ),
    ]

private let llhttpTargets =
    lineRows(
        400,
        [
            ("uri: Disallow UTF-8 in URI path", "GET /\u{CE}\u{B4} HTTP/1.1"),
            ("uri: Fragment in URI", "GET /a?page=1#posts HTTP/1.1"),
            ("uri: host:port and basic auth", "GET http://u:p@a:1234/ HTTP/1.1"),
            ("uri: Space in URI", "GET /foo bar/ HTTP/1.1"), ("sample: No HTTP version", "GET /"),
        ]
    )
    + lineRows(
        200,
        [
            ("uri: Quotes in URI", "GET /?with_\"lovely\"_quotes HTTP/1.1"),
            ("uri: Query URL with vertical bar character", "GET /?query=| HTTP/1.1"),
            ("uri: Query URL with question mark", "GET /?foo=bar?baz HTTP/1.1"),
            ("uri: Host terminated by a query string", "GET http://a?hail=all HTTP/1.1"),
        ]
    )
    + [
        NamedCase(
            "uri: host:port terminated by a query string",
            "GET http://a:12?b HTTP/1.1\r\nHost: a:12\r\n\r\n",
            200
        ),
        NamedCase(
            "uri: host:port terminated by a space",
            "GET http://a:12 HTTP/1.1\r\nHost: a:12\r\n\r\n",
            200
        ),
    ]

private let llhttpSamples =
    getRows(
        200,
        [
            ("sample: curl GET", "User-Agent: curl/7.18.0 (a) b/0.9\r\nAccept: */*\r\n"),
            (
                "sample: Firefox GET",
                "User-Agent: Mozilla/5.0 (X11; U)\r\nAccept-Language: en;q=0.5\r\n"
            ),
            ("sample: DUMBPACK", "aaaaaaaaaaaaa:++++++++++\r\n"),
            ("sample: One header and no body", "Accept: */*\r\n"),
            ("sample: Extended Characters", "Test: D\u{C3}\u{BC}sseldorf\r\n"),
            ("sample: 255 ASCII in header value", "X: \u{FF}Value2\r\n"),
        ]
    )
    + getRows(
        400,
        [
            ("sample: Line folding with CRLF", "A:  b\r\n\tc\r\n d\r\nE:\r\n f\r\n"),
            ("sample: Line folding with LF", "A: b\n\tc\n d\n"),
            ("sample: X-SSL-Nonsense", "X-SSL-Nonsense: ---BEGIN---\r\n\tMIIF\r\n\t---END---\r\n"),
        ]
    )
    + [
        NamedCase(
            "sample: Simple request",
            Message.get("Header2:\t Value2\r\n", method: "OPTIONS"),
            204
        ),
        NamedCase("sample: method starting with H", Message.get("", method: "HEAD"), 200),
        NamedCase("sample: No headers and no body", "GET / HTTP/1.1\r\n\r\n", 400),
        NamedCase(
            "sample: Apache bench GET",
            "GET / HTTP/1.0\r\nHost: a:1\r\nAccept: */*\r\n\r\n",
            200,
            isKept: false
        ),
        NamedCase("sample: Prefix newline", "\r\n" + Message.get(""), 200),
        NamedCase("sample: No LF after CR", "GET / HTTP/1.1\rLine: 1\r\n\r\n", 400),
        NamedCase("finish: safe after GET request", Message.get(""), 200, endsSending: true),
        NamedCase(
            "finish: unsafe after incomplete PUT",
            Message.post("Content-Length: 100\r\n"),
            endsSending: true
        ),
        NamedCase(
            "finish: unsafe inside of the header",
            "PUT / HTTP/1.1\r\nContent-Leng",
            endsSending: true
        ),
    ]
