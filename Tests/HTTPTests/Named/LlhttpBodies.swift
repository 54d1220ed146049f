/// Of llhttp's file content-length.
let llhttpLengths =
    postRows(
        200,
        [
            ("content-length: with zeroes", "Content-Length: 003\r\n", "abc"),
            (
                "content-length: with follow-up headers", "Content-Length: 003\r\nOhai: world\r\n",
                "abc"
            ),
            ("content-length: Funky with body", "conTENT-Length: 5\r\n", "HELLO"),
            ("content-length: Spaces (surrounding)", "Content-Length:  2 \r\n", "ab"),
            ("content-length: Tabs (surrounding)", "Content-Length:\t2\t  \r\n", "ab"),
        ]
    )
    + postRows(
        400,
        [
            ("content-length: Error on overflow", "Content-Length: 1000000000000000000000\r\n", ""),
            (
                "content-length: Error on duplicate", "Content-Length: 1\r\nContent-Length: 2\r\n",
                ""
            ),
            (
                "content-length: Error on simultaneous and identity",
                "Content-Length: 1\r\nTransfer-Encoding: identity\r\n", ""
            ),
            ("content-length: Invalid whitespace token", "Content-Length : 4\r\n", "abcd"),
            ("content-length: Spaces #2", "Content-Length: 4 2\r\n", ""),
            ("content-length: Spaces #3", "Content-Length: 13 37\r\n", ""),
            ("content-length: Empty", "Content-Length:\r\n", ""),
            ("content-length: with CR instead of dash", "Content\rLength: 3\r\n", "abc"),
            ("content-length: Missing CRLF-CRLF before body", "Content-Length: 3\r\n\rabc\r\n", ""),
        ]
    )
    + [
        NamedCase(
            "content-length: reset when no body is received",
            Message.post("Content-Length: 123\r\n"),
            endsSending: true
        )
    ]

/// Of llhttp's file transfer-encoding.
let llhttpCodings =
    chunkRows(
        200,
        [
            ("transfer-encoding: Parsing and setting flag", "0\r\n\r\n"),
            ("transfer-encoding: chunks with lowercase size", "a\r\n0123456789\r\n0\r\n\r\n"),
            ("transfer-encoding: chunks with uppercase size", "A\r\n0123456789\r\n0\r\n\r\n"),
            ("transfer-encoding: POST", "1e\r\nall your base are belong to us\r\n0\r\n\r\n"),
            (
                "transfer-encoding: Two chunks and triple zero",
                "5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n"
            ),
            ("transfer-encoding: Trailing headers", "5\r\nhello\r\n0\r\nVary: *\r\nX: a\r\n\r\n"),
            (
                "transfer-encoding: Chunk extensions",
                "5;a;b=c;d=e\r\nhello\r\n6;f;g\r\n world\r\n0\r\n\r\n"
            ),
            (
                "transfer-encoding: Chunk extensions quoting",
                "5;a=\"I \\\"b\\\"; \\\\c\\\\\";d\r\nhello\r\n0\r\n\r\n"
            ),
        ]
    )
    + chunkRows(
        400,
        [
            ("transfer-encoding: No semicolon before extensions", "2 abc\r\naa\r\n0\r\n\r\n"),
            ("transfer-encoding: No extension after semicolon", "2;\r\naa\r\n0\r\n\r\n"),
            ("transfer-encoding: Unbalanced quoting", "5;a=\"b\";c=\"d; e\r\nhello\r\n0\r\n\r\n"),
            ("transfer-encoding: Missing last-chunk", "3\r\nfoo\r\n\r\n"),
            ("transfer-encoding: Validate chunk parameters", "3 \n  \r\nfoo\r\n"),
            ("transfer-encoding: Chunk header not terminated by CRLF", "5\r\r;ABCD\r\n34\r\n"),
            ("transfer-encoding: Chunk data not terminated by CRLF", "5\r\nABCDE0\r\n\r\n"),
            ("transfer-encoding: Space after chunk header", "a \r\n0123456789\r\n0\r\n\r\n"),
        ]
    )
    + postRows(
        400,
        [
            ("transfer-encoding: Ignoring pigeons", "Transfer-Encoding: pigeons\r\n", ""),
            (
                "transfer-encoding: with Content-Length",
                "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "World"
            ),
            (
                "transfer-encoding: empty, with Content-Length",
                "Content-Length: 10\r\nTransfer-Encoding:\r\nTransfer-Encoding:\r\n",
                "2\r\nAA\r\n0\r\n"
            ),
            (
                "transfer-encoding: chunked before others",
                "Transfer-Encoding: chunked, deflate\r\n", "World"
            ),
            (
                "transfer-encoding: chunked and duplicate",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: deflate\r\n", "World"
            ),
            (
                "transfer-encoding: chunked last (multiple headers)",
                "Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n",
                "5\r\nWorld\r\n0\r\n\r\n"
            ),
            (
                "transfer-encoding: chunkedchunked", "Transfer-Encoding: chunkedchunked\r\n",
                "0\r\n\r\n"
            ),
            (
                "transfer-encoding: Invalid OBS fold", "Transfer-Encoding: chunked\r\n  abc\r\n",
                "0\r\n\r\n"
            ),
        ]
    )
    + postRows(
        501,
        [
            (
                "transfer-encoding: chunked last", "Transfer-Encoding: deflate, chunked\r\n",
                "0\r\n\r\n"
            )
        ]
    )
