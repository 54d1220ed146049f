import TensorFormats
import TestSupport
import Testing

@Suite struct JSONReaderTests {
    static let valid = [
        "{}", "[]", " \t\r\n[ ] ", "null", "true", "false", "0", "-1.5e+3", "\"\"",
        "\"é\\u00e9\\n\"",
        "[1,2,3]", "[1, [2, {\"a\": [true, null]}]]", "{\"a\":{\"b\":{\"c\":1}},\"d\":[]}",
        "\"\\ud83d\\ude00\"", "[\"a\",-0,1E-2,{}]", "{\"\":\"\"}",
        String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
    ]

    @Test(arguments: valid)
    func `accepts JSON`(text: String) throws {
        var reader = JSONReader(Array(text.utf8))
        try reader.skip()
        try reader.end()
    }

    static let invalid: [(text: String, sentence: String)] = [
        ("", "found the end of the text at line 1, column 1 (byte 1)"),
        ("  ", "end of the text"), ("[1,2", "Expected a comma or ] but found the end of the text"),
        ("[1,,2]", "','"), ("[1 2]", "the number 2"), ("[,1]", "','"), ("[1,]", "']'"),
        ("{\"a\"}", "a colon after the key \"a\""), ("{\"a\":1,}", "a key in quotes"),
        ("{a:1}", "a key in quotes but found 'a'"), ("{'a':1}", "'''"),
        ("{\"a\":1 \"b\":2}", "a comma or }"),
        ("{\"a\":1,\"a\":2}", "key \"a\" is given twice; the second is at line 1, column 8"),
        ("01", "leading zero"), ("-01", "leading zero"), ("1.", "a digit is missing"),
        (".5", "a digit must come before the point"), ("+1", "may not begin with +"),
        ("-", "digits"), ("1e", "a digit is missing"), ("1e+", "a digit is missing"),
        ("1.e5", "a digit is missing"), ("0x10", "after a number"), ("1a", "after a number"),
        ("NaN", "NaN at line 1"), ("-Infinity", "-Infinity at"), ("[Infinity]", "only finite"),
        ("nan", "only finite"), ("1e400", "does not fit"), ("nul", "found nul"),
        ("nulll", "found nulll"),
        ("True", "found True"), ("undefined", "found undefined"), ("tru", "found tru"),
        ("\"abc", "it has no end"), ("\"a\nb\"", "control character"),
        ("\"\\x\"", "'x' is no escape"),
        ("\"\\u12\"", "four hexadecimal"), ("\"\\ud800\"", "surrogate"),
        ("\"\\ud800\\u0041\"", "surrogate"),
        ("\"\\udc00\"", "surrogate"), ("\"\\ud83d\\ud83d\"", "surrogate"), ("\"\\", "no escape"),
        ("1 2", "Nothing may follow"), ("{} x", "Nothing may follow the JSON value, but 'x'"),
        ("[1]\u{0}", "byte 0x00"), ("\u{FEFF}1", "byte 0xef"), ("// c\n1", "'/'"),
        ("[\n1,\n  x]", "line 3, column 3"),
        (String(repeating: "[", count: 65), "more than 64 deep"),
        (String(repeating: "{\"a\":", count: 65), "more than 64 deep"),
        (String(repeating: "[", count: 100_000), "more than 64 deep"),
    ]

    @Test(arguments: invalid)
    func `refuses what is not JSON, saying why and where`(text: String, sentence: String) {
        let error = #expect(throws: JSONError.self) {
            var reader = JSONReader(Array(text.utf8))
            try reader.skip()
            try reader.end()
        }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "none")")
    }

    @Test(arguments: [
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80],
    ])
    func `refuses strings that are not UTF-8`(bytes: [UInt8]) {
        for prefix in ["", "\\n", "a long plain beginning "] {
            let text = Array("\"\(prefix)".utf8) + bytes + Array("\"".utf8)
            let error = #expect(throws: JSONError.self) {
                var reader = JSONReader(text)
                _ = try reader.string()
            }
            #expect(error?.description.contains("UTF-8") == true)
        }
    }

    @Test func `reads members and elements in order and skips what is not read`() throws {
        let text =
            #"{"name": "cat\t\"\u0041", "top": 3, "all": false, "x": [{"y": null}], "none": null}"#
        var reader = JSONReader(Array(text.utf8))
        var keys: [String] = []
        try reader.object { (key, reader) throws(JSONError) in
            keys.append(key)
            switch key {
            case "name": #expect(try reader.string() == "cat\t\"A")
            case "top": #expect(try reader.integer() == 3)
            case "all": #expect(try !reader.boolean())
            case "none": #expect(try reader.null())
            default: break
            }
        }
        try reader.end()
        #expect(keys == ["name", "top", "all", "x", "none"])
    }

    @Test func `names unknown keys and the known ones`() {
        var reader = JSONReader(Array(#"{"txt": "a"}"#.utf8))
        let error = #expect(throws: JSONError.self) {
            try reader.object { (key, reader) throws(JSONError) in
                throw reader.unknownKey(key, known: ["text", "tokens"])
            }
        }
        #expect(error?.description.hasPrefix("Unknown key \"txt\"") == true)
        #expect(error?.description.hasSuffix("known here: text, tokens.") == true)
    }

    @Test func `many keys are still found to be given twice`() {
        let members = (0..<50).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        var reader = JSONReader(Array("{\(members),\"k3\":0}".utf8))
        let error = #expect(throws: JSONError.self) { try reader.skip() }
        #expect(error?.description.contains("\"k3\"") == true)
    }

    static let mismatches: [(text: String, sentence: String)] = [
        ("\"3\"", "Expected an integer, not a string"), ("3.0", "an integer, not the number 3.0"),
        ("1e2", "an integer"), ("true", "not true"), ("null", "not null"), ("{}", "not an object"),
        ("99999999999999999999", "does not fit"), ("-9223372036854775809", "does not fit"),
    ]

    @Test(arguments: mismatches)
    func `an integer is a number without fraction and exponent`(text: String, sentence: String) {
        var reader = JSONReader(Array(text.utf8))
        let error = #expect(throws: JSONError.self) { try reader.integer() }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "none")")
    }

    @Test func `reads flat integers up to a limit`() throws {
        var reader = JSONReader(Array("[1, -2, 3000000000]".utf8))
        #expect(try reader.integers(limit: 3) == [1, -2, 3_000_000_000])
        var tooMany = JSONReader(Array("[1,2,3]".utf8))
        #expect(throws: JSONError.self) { try tooMany.integers(limit: 2) }
    }

    static let long: [(name: String, text: String)] = [
        ("keys", "{" + (0..<40_000).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"),
        ("escapes", "\"" + String(repeating: "\\n\\u00e9", count: 50_000) + "\""),
        ("objects", "[" + String(repeating: "{\"a\":-1.5},", count: 40_000) + "null]"),
        ("digits", String(repeating: "9", count: 400_000) + "e-399999"),
    ]

    // Reading again from the start for each key or escape would take far longer.
    @Test(.timeLimit(.minutes(10)), arguments: long)
    func `takes time in proportion to the text`(name: String, text: String) throws {
        var reader = JSONReader(Array(text.utf8))
        try reader.skip()
        try reader.end()
    }

    @Test func `cut and damaged texts never trap`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let text = Array(
            #"{"a":[[1.5,-2e-3],[0.25,7]],"b":"x\u00e9\ud83d\ude00é","c":{"d":[true,null,12345678.12345678]}}"#
                .utf8
        )
        var refused = 0
        for length in 0..<text.count where !isJSON(Array(text[..<length])) { refused += 1 }
        #expect(refused == text.count)
        for _ in 0..<20_000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let offset = Int.random(in: 0..<text.count, using: &random)
                damaged[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            if !isJSON(damaged) { refused += 1 }
        }
        #expect(refused > 5000)
    }

    private func isJSON(_ bytes: [UInt8]) -> Bool {
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.object { (key, reader) throws(JSONError) in
                if key == "a" { _ = try reader.tensor(limit: 10) }
            }
            try reader.end()
            return true
        } catch {
            return error.description.isEmpty
        }
    }
}
