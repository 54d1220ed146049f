import Foundation
import Testing

@testable import TensorFormats

/// The texts of Nicolas Seriot's JSONTestSuite whose behaviour is worth pinning.
///
/// All of its files are tried when `JSON_TEST_SUITE` names its folder test_parsing.
@Suite struct `JSONTestSuite` {
    private static let folder = ProcessInfo.processInfo.environment["JSON_TEST_SUITE"]

    /// Allowed by the grammar, refused here: which of two values counts is not to be guessed.
    private static let refusedByChoice = [
        "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
    ]

    private func isAccepted(_ bytes: [UInt8]) -> Bool {
        var reader = JSONReader(bytes)
        do throws(JSONError) {
            try reader.skip()
            try reader.end()
            return true
        } catch {
            return false
        }
    }

    @Test(.enabled(if: folder != nil))
    func `every file is accepted or refused as its name says`() throws {
        let folder = URL(filePath: try #require(Self.folder))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".json") }.sorted()
        #expect(names.count >= 300)
        for name in names {
            let isAccepted = isAccepted([UInt8](try Data(contentsOf: folder.appending(path: name))))
            let isValid = name.hasPrefix("y_") && !Self.refusedByChoice.contains(name)
            // Of those named "i_" either is right, as long as nothing traps.
            guard !name.hasPrefix("i_") else { continue }
            #expect(isAccepted == isValid, "\(name)")
        }
    }

    static let valid = [
        "[]", "[[]   ]", "[\"\"]", "[\"a\"]", "[false]", "[null, 1, \"1\", {}]", "[null]",
        "[1\n]", " [1]", "[1,null,null,null,2]", "[2] ", "[123e65]", "[0e+1]", "[0e1]", "[ 4]",
        "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]\n",
        "[20e1]", "[-0]", "[-123]", "[-1]", "[-0.0]", "[1E22]", "[1E-2]", "[1E+2]", "[123e45]",
        "[123.456e78]", "[1e-2]", "[1e+2]", "[123]", "[123.456789]", "{\"asd\":\"sdf\"}", "{}",
        "{\"\":0}", "{\"foo\\u0000bar\": 42}", "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }",
        "{\"x\":[{\"id\": \"x\"}], \"id\": \"x\"}", "{\"a\":[]}",
        "{\"title\":\"\\u041f\\u043e\\u043b\" }", "{\n\"a\": \"b\"\n}",
        "[\"\\u0060\\u012a\\u12AB\"]", "[\"\\uD801\\udc37\"]", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]",
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\\u0000\"]", "[\"\\\"\"]", "[\"a/*b*/c/*d//e\"]",
        "[\"\\\\a\"]", "[\"\\\\n\"]", "[\"\\u0012\"]", "[\"\\uFFFF\"]", "[ \"asd\"]",
        "[\"new\\u00A0line\"]", "[\"\u{10FFFF}\"]", "[\"\u{1BFFF}\"]", "[\"\\u0000\"]",
        "[\"\u{2028}\"]", "[\"\u{2029}\"]", "[\"\\uDBFF\\uDFFE\"]", "\" \"", "[\"π\"]",
        "[\"asd \"]", "\"asd\"", "false", "42", "-0.1", "null", "\"\"", "[\"a\u{7F}a\"]", "true",
        "[true]", "[]\n", " [] ",
    ]

    @Test(arguments: valid)
    func `accepts what the grammar allows`(text: String) {
        #expect(isAccepted(Array(text.utf8)))
    }

    static let invalid = [
        "[1 true]", "[\"\": 1]", "[\"\"],", "[,1]", "[1,,2]", "[\"x\",,]", "[\"x\"]]", "[\"\",]",
        "[\"x\"", "[x", "[3[4]]", "[1:2]", "[,]", "[-]", "[   , \"\"]", "[\"a\",\n4\n,1,", "[1,]",
        "[\"\u{B}a\"\\f]", "[*]", "[\"\"", "[1,\n1\n,1", "[{}", "[fals]", "[nul]", "[tru]",
        "[++1234]",
        "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]", "[.-1]", "[.2e-3]", "[0.1.2]",
        "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]", "[0E]", "[0e+]", "[0e]", "[1.0e+]", "[1.0e-]",
        "[1.0e]", "[1 000.0]", "[1eE2]", "[2.e+3]", "[2.e-3]", "[2.e3]", "[9.e+]", "[Inf]", "[NaN]",
        "[\u{FF11}]", "[1+2]", "[0x1]", "[0x42]", "[Infinity]", "[0e+-1]", "[-123.123foo]",
        "[-Infinity]", "[-foo]", "[- 1]", "[-012]", "[-.123]", "[-1x]", "[1ea]", "[1.]", "[.123]",
        "[1.2a-3]", "[1.8011670033376514H-308]", "[012]", "[\"x\", truth]", "{[: \"x\"}\n",
        "{\"x\", null}", "{\"x\"::\"b\"}", "{\"a\":\"a\" 123}", "{key: 'value'}", "{\"a\" b}",
        "{:\"b\"}",
        "{\"a\"", "{\"a\":", "{1:1}", "{9999E9999:1}", "{null:null,null:null}",
        "{\"id\":0,,,,,}", "{'a':0}", "{\"id\":0,}", "{\"a\":\"b\"}/**/", "{\"a\":\"b\"}/**//",
        "{\"a\":\"b\"}//", "{\"a\":\"b\"}/", "{\"a\":\"b\",,\"c\":\"d\"}", "{a: \"b\"}",
        "{\"a\":\"a",
        "{ \"foo\" : \"bar\", \"a\" }", "{\"a\":\"b\"}#", " ", "[\"\\uD800\\\"]",
        "[\"\\uD800\\u\"]",
        "[\"\\uD800\\u1\"]", "[\"\\uD800\\u1x\"]", "[\u{E9}]", "[\"\\\u{0}\"]", "[\"\\x00\"]",
        "[\"\\\\\\\"]", "[\"\\\t\"]", "[\"\\\u{1F300}\"]", "[\"\\\"]", "[\"\\u00A\"]",
        "[\"\\uD834\\uDd\"]", "[\"\\uD800\\uD800\\x\"]", "[\"\\a\"]", "[\"\\uqqqq\"]",
        "[\\u0020\"asd\"]",
        "[\\n]", "\"", "['single quote']", "abc", "[\"\\", "[\"a\u{0}a\"]", "[\"new\nline\"]",
        "[\"\t\"]",
        "\"\\UA66D\"", "\"\"x", "<.>", "[<null>]", "[1]x", "[1]]", "[\"asd]", "aå", "[True]",
        "1]", "{\"x\": true,", "[][]", "]", "{}}", "{\"\":", "{\"a\":/*comment*/\"b\"}",
        "{\"a\": true} \"x\"",
        "['", "[,", "[{", "[\"a", "[\"a\"", "{", "{]", "{,", "{[", "{\"a", "{'a'",
        "[\"\\{[\"\\{[\"\\{[\"\\{",
        "*", "{\"a\":\"b\"}#{}", "[\\u000A\"\"]", "[1", "[ false, nul", "[ true, fals",
        "[ false, tru",
        "{\"asd\":\"asd\"", "\u{E5}", "[\u{2060}]", "\u{FEFF}", "[\u{C}]", "",
    ]

    @Test(arguments: invalid)
    func `refuses what the grammar does not allow`(text: String) {
        #expect(!isAccepted(Array(text.utf8)))
    }

    @Test(
        arguments: [
            [0x5B, 0xFF, 0x5D], [0x5B, 0x22, 0xE5, 0x22, 0x5D], [0x5B, 0x31, 0xE5, 0x5D],
            [0x5B, 0x22, 0x5C, 0xE5, 0x22, 0x5D], [0xEF, 0xBB, 0x7B, 0x7D],
            [0x5B, 0x30, 0xE5, 0x5D],
            [0x5B, 0x61, 0xE5, 0x5D], [0x5B, 0x31, 0x65, 0x31, 0xE5, 0x5D],
            [0x31, 0x32, 0x33, 0x00],
        ] as [[UInt8]]
    )
    func `refuses bytes that are no text`(bytes: [UInt8]) {
        #expect(!isAccepted(bytes))
    }

    @Test(arguments: ["[", "{\"\":", "[{\"\":"])
    func `refuses nesting without end, and in no time`(text: String) {
        #expect(!isAccepted(Array(String(repeating: text, count: 100_000).utf8)))
    }
}
