private let both = "Content-Length: 6\r\n" + Message.chunked

/// Http11Probe's cases of lengths and codings that two parsers could read differently.
let probeSmuggling: [NamedCase] =
    postRows(
        400,
        [
            ("SMUG-CL-TE-BOTH", both, "0\r\n\r\nX"), ("SMUG-CLTE-PIPELINE", both, "0\r\n\r\nG"),
            (
                "SMUG-TECL-PIPELINE", Message.chunked + "Content-Length: 4\r\n",
                "5\r\nhello\r\n0\r\n\r\n"
            ),
            ("SMUG-CLTE-CONN-CLOSE", both, "0\r\n\r\n"),
            ("SMUG-TECL-CONN-CLOSE", Message.chunked + "Content-Length: 6\r\n", "0\r\n\r\n"),
            ("SMUG-DUPLICATE-CL", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
            ("SMUG-CL-NEGATIVE", "Content-Length: -1\r\n", ""),
            ("SMUG-CL-COMMA-DIFFERENT", "Content-Length: 5, 6\r\n", "hello"),
            ("SMUG-CL-COMMA-SAME", "Content-Length: 5, 5\r\n", "hello"),
            ("SMUG-CL-COMMA-TRIPLE", "Content-Length: 5, 5, 5\r\n", "hello"),
            ("SMUG-CL-OCTAL", "Content-Length: 0o5\r\n", "hello"),
            ("SMUG-CL-HEX-PREFIX", "Content-Length: 0x5\r\n", "hello"),
            ("SMUG-CL-INTERNAL-SPACE", "Content-Length: 1 0\r\n", "0123456789"),
            ("SMUG-CL-UNDERSCORE", "Content-Length: 1_0\r\n", "0123456789"),
            ("SMUG-CL-NEGATIVE-ZERO", "Content-Length: -0\r\n", ""),
            ("RFC9112-6.1-CL-NON-NUMERIC", "Content-Length: abc\r\n", ""),
            ("RFC9112-6.1-CL-PLUS-SIGN", "Content-Length: +5\r\n", "hello"),
            ("SMUG-TE-XCHUNKED", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
            ("SMUG-TE-SP-BEFORE-COLON", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
            (
                "SMUG-TE-CASE-MISMATCH", "Transfer-Encoding: Chunked\r\nContent-Length: 5\r\n",
                "0\r\n\r\n"
            ),
            ("SMUG-TE-NOT-FINAL-CHUNKED", "Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"),
            ("SMUG-TE-EMPTY-VALUE", "Transfer-Encoding:\r\n", ""),
            ("SMUG-TE-TRAILING-COMMA", "Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"),
            ("SMUG-TE-DUPLICATE-HEADERS", Message.chunked + Message.chunked, "0\r\n\r\n"),
            ("SMUG-TE-VTAB", "Transfer-Encoding: \u{B}chunked\r\n", "0\r\n\r\n"),
            ("SMUG-TE-FORMFEED", "Transfer-Encoding: \u{C}chunked\r\n", "0\r\n\r\n"),
            ("SMUG-TE-NULL", "Transfer-Encoding: chunked\0\r\n", "0\r\n\r\n"),
            ("SMUG-TE-IDENTITY", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"),
            ("SMUG-TE-OBS-FOLD", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
            ("SMUG-CHUNKED-WITH-PARAMS", "Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"),
        ]
    )
    // Another coding before chunked, whatever it is, is one that this server does not know.
    + postRows(
        501,
        [
            ("SMUG-TE-DOUBLE-CHUNKED", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
            ("SMUG-TE-LEADING-COMMA", "Transfer-Encoding: , chunked\r\n", "0\r\n\r\n"),
        ]
    )
    + postRows(
        200,
        [
            ("SMUG-CL-LEADING-ZEROS", "Content-Length: 005\r\n", "hello"),
            ("SMUG-CL-DOUBLE-ZERO", "Content-Length: 00\r\n", ""),
            ("SMUG-CL-LEADING-ZEROS-OCTAL", "Content-Length: 010\r\n", "0123456789"),
            ("SMUG-CL-TRAILING-SPACE", "Content-Length: 5 \r\n", "hello"),
            ("SMUG-CL-EXTRA-LEADING-SP", "Content-Length:  5\r\n", "hello"),
            ("SMUG-TE-TRAILING-SPACE", "Transfer-Encoding: chunked \r\n", "0\r\n\r\n"),
            ("SMUG-TE-TAB-BEFORE-VALUE", "Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n"),
            (
                "SMUG-TRANSFER_ENCODING", "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n",
                "0\r\n\r\n"
            ),
            ("SMUG-EXPECT-100-CL", "Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
        ]
    )
    + [
        NamedCase("SMUG-TE-HTTP10", "POST /p HTTP/1.0\r\n\(Message.chunked)\r\n0\r\n\r\n", 400),
        NamedCase(
            "SMUG-ABSOLUTE-URI-HOST-MISMATCH",
            // RFC 9112 §3.2.2: the field Host is ignored.
            Message.get("", target: "http://b/"),
            200
        ),
        NamedCase(
            "SMUG-HEAD-CL-BODY",
            Message.get("Content-Length: 5\r\n", method: "HEAD") + "hello",
            200
        ),
        NamedCase(
            "SMUG-OPTIONS-CL-BODY",
            Message.get("Content-Length: 5\r\n", method: "OPTIONS") + "hello",
            204
        ),
    ]

/// Http11Probe's cases of chunks.
let probeChunks: [NamedCase] =
    chunkRows(
        400,
        [
            ("SMUG-CHUNK-BARE-SEMICOLON", "5;\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-EXT-INVALID-TOKEN", "5;[a]\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-UNDERSCORE", "1_0\r\n0123456789\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-HEX-PREFIX", "0x5\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-SIZE-PLUS", "+5\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-SIZE-TRAILING-OWS", "5 \r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-LEADING-SP", " 5\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-MISSING-TRAILING-CRLF", "5\r\nhello0\r\n\r\n"),
            ("SMUG-CHUNK-EXT-LF", "5;a\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-SPILL", "5\r\nhelloXY\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-LF-TERM", "5\r\nhello\n0\r\n\r\n"),
            ("SMUG-CHUNK-EXT-CTRL", "5;a\0\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-EXT-CR", "5;a\rhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-LF-TRAILER", "5\r\nhello\r\n0\r\n\n"),
            ("SMUG-CHUNK-NEGATIVE", "-1\r\nhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-BARE-CR-TERM", "5\rhello\r\n0\r\n\r\n"),
            ("SMUG-CHUNK-INVALID-SIZE-DESYNC", "+0\r\n\r\nX"),
        ]
    )
    + chunkRows(
        200,
        [
            "CL": "Content-Length: 9", "TE": "Transfer-Encoding: chunked", "HOST": "Host: b",
            "AUTH": "Authorization: Bearer x", "CONTENT-TYPE": "Content-Type: text/html",
        ].map { ("SMUG-TRAILER-\($0.key)", "5\r\nhello\r\n0\r\n\($0.value)\r\n\r\n") }
    )

private let inner = Message.get("")

private func smuggled(_ name: String, _ fields: String, _ body: String) -> NamedCase {
    NamedCase(name, Message.post(fields, body), 400)
}

/// Http11Probe's cases with a second request inside: one refusal, and nothing of what follows is answered.
let probePipelines: [NamedCase] =
    [
        smuggled("SMUG-CLTE-DESYNC", both, "0\r\n\r\nX"),
        smuggled("SMUG-TECL-DESYNC", Message.chunked + "Content-Length: 30\r\n", "0\r\n\r\nX"),
        smuggled("SMUG-CLTE-SMUGGLED-GET", both, "0\r\n\r\n" + inner),
        smuggled("SMUG-CLTE-SMUGGLED-HEAD", both, "0\r\n\r\n" + Message.get("", method: "HEAD")),
        smuggled(
            "SMUG-CLTE-SMUGGLED-GET-CL-PLUS",
            "Content-Length: +6\r\n" + Message.chunked,
            "0\r\n\r\n" + inner
        ),
        smuggled(
            "SMUG-CLTE-SMUGGLED-GET-CL-NON-NUMERIC",
            "Content-Length: 6a\r\n" + Message.chunked,
            "0\r\n\r\n" + inner
        ),
        smuggled(
            "SMUG-CLTE-SMUGGLED-GET-TE-OBS-FOLD",
            "Content-Length: 6\r\nTransfer-Encoding:\r\n chunked\r\n",
            "0\r\n\r\n" + inner
        ),
        smuggled(
            "SMUG-CLTE-SMUGGLED-GET-TE-TRAILING-SPACE",
            "Content-Length: 6\r\nTransfer-Encoding: chunked \r\n",
            "0\r\n\r\n" + inner
        ),
        smuggled(
            "SMUG-CLTE-SMUGGLED-GET-TE-LEADING-COMMA",
            "Content-Length: 6\r\nTransfer-Encoding: , chunked\r\n",
            "0\r\n\r\n" + inner
        ),
        smuggled(
            "SMUG-CLTE-SMUGGLED-GET-TE-CASE-MISMATCH",
            "Content-Length: 6\r\nTransfer-Encoding: CHUNKED\r\n",
            "0\r\n\r\n" + inner
        ),
        smuggled(
            "SMUG-TE-DUPLICATE-HEADERS-SMUGGLED-GET",
            both + "Transfer-Encoding: identity\r\n",
            "0\r\n\r\n" + inner
        ),
        smuggled(
            "SMUG-TECL-SMUGGLED-GET",
            Message.chunked + "Content-Length: 4\r\n",
            "1c\r\n" + inner + "\r\n0\r\n\r\n"
        ),
        smuggled(
            "SMUG-DUPLICATE-CL-SMUGGLED-GET",
            "Content-Length: 0\r\nContent-Length: 28\r\n",
            inner
        ),
        smuggled("SMUG-CL0-BODY-POISON", "Content-Length: 0\r\nContent-Length: 1\r\n", "X"),
        NamedCase(
            "SMUG-OPTIONS-TE-OBS-FOLD",
            Message.get(
                "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n",
                method: "OPTIONS"
            ) + "0\r\n\r\n",
            400
        ),
        NamedCase(
            "SMUG-GET-CL-PREFIX-DESYNC",
            Message.get("Content-Length: 8\r\n") + "GET / HT" + inner,
            200,
            200
        ),
        NamedCase(
            "SMUG-GET-CL-BODY-DESYNC",
            Message.get("Content-Length: 5\r\n") + "hello" + inner,
            200,
            200
        ),
        NamedCase(
            "SMUG-OPTIONS-CL-BODY-DESYNC",
            Message.get("Content-Length: 5\r\n", method: "OPTIONS") + "hello" + inner,
            204,
            200
        ),
        NamedCase(
            "SMUG-EXPECT-100-CL-DESYNC",
            Message.post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello") + inner,
            200,
            200
        ),
        NamedCase("SMUG-PIPELINE-SAFE", inner + inner, 200, 200),
    ]
