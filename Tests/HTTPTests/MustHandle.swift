/// What a server must make of the messages that have broken others, by number.
///
/// Rows of the tables name the rule they show; a test finds rules without rows.
let mustHandle: [Int: String] = [
    1: "Host missing in 1.1: 400", 2: "two Hosts: 400", 3: "Host empty or not a host: 400",
    4: "1.0 without Host is served and closed", 5: "1.0 with keep-alive is kept, and told so",
    6: "Connection is a list whatever its case; close wins", 7: "folded fields: 400",
    8: "blank before the colon: 400", 9: "blank before the first field: 400",
    10: "control characters in values: 400", 11: "bare LF as line end: 400",
    12: "names that are no tokens: 400", 13: "bytes above 7F in values are kept",
    14: "Content-Length with Transfer-Encoding: 400", 15: "several Content-Lengths: 400",
    16: "Content-Length that is no decimal number: 400", 17: "several Transfer-Encodings: 400",
    18: "chunked not last: 400; codings before it: 501", 19: "other transfer codings: 400",
    20: "chunks in 1.0: 400", 21: "ChunKed is chunked",
    22: "chunk sizes are at most 15 hexadecimal digits", 23: "chunk extensions by their grammar",
    24: "CRLF after a chunk", 25: "trailers checked, bounded, dropped",
    26: "a request right after the last chunk", 27: "100 only if a body is awaited and wanted",
    28: "other expectations: 417", 29: "HEAD as GET, without body",
    30: "405 with Allow; methods are case-sensitive", 31: "OPTIONS with Allow",
    32: "forms of targets that a method may not have: 400, CONNECT: 501",
    33: "absolute form is served, for its authority whatever Host says",
    34: "414, 431, 413; POST without length has no body",
    35: "versions: 1.d is served, other numbers 505, other forms 400", 36: "HTTP/0.9: 400",
    37: "a few blank lines first are ignored", 38: "blanks in the request line: 400",
    39: "HTTP/2 and TLS on a plain port are closed, Upgrade ignored",
    40: "answers in order; an error or a close ends the pipeline", 41: "GET with body",
    42: "bytes one by one", 43: "FIN after a request: it is answered",
    44: "FIN inside a request: no answer", 45: "an error is read though input is left",
    46: "slow heads and bodies: 408; idle: closed", 47: "slow readers are cut off",
    48: "Date in every answer", 49: "no body and no length with 204",
    50: "unknown content codings: 415 with Accept-Encoding",
    51: "percent escapes are decoded once, after splitting", 52: "no field can be injected",
    53: "429 and 503 before the body, with Retry-After", 54: "503 above the connection limit",
    55: "a stop answers what was begun, with Connection: close",
]

/// Rules about time and load, and the suites that show them.
let shownElsewhere: [Int: String] = [
    46: "DeadlineTests", 47: "DeadlineTests", 54: "DeadlineTests", 55: "DepartureTests",
]
