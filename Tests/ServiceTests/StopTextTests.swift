import TestSupport
import Testing

@testable import Service

@Suite struct `Texts to stop at` {
    /// The text up to the stop that is complete first, the longest of several; slow and obvious.
    private func reference(_ text: String, _ stops: [String]) -> (String, Bool) {
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            let complete = stops.filter {
                bytes[..<end].reversed().starts(with: $0.utf8.reversed())
            }
            if let longest = complete.map(\.utf8.count).max() {
                return (String(decoding: bytes[..<(end - longest)], as: UTF8.self), true)
            }
        }
        return (text, false)
    }

    private func fed(_ pieces: [String], _ stops: [String]) -> (shown: [String], Bool) {
        var texts = StopTexts(stops, longest: 1000)
        var shown: [String] = []
        for piece in pieces where !texts.isFound { shown.append(texts.feed(piece)) }
        shown.append(texts.rest())
        return (shown, texts.isFound)
    }

    @Test(
        "hold back what may be their beginning, and no more",
        arguments: [
            (["a", "b", "c"], [], ["a", "b", "c", ""]),
            (["a", "b", "c"], ["bd"], ["a", "", "bc", ""]),
            (["a", "b", "d", "e"], ["bd"], ["a", "", "", ""]),
            (["a", "a", "b"], ["aab"], ["", "", "", ""]),
            (["a", "a", "a", "b", "x"], ["aab"], ["", "", "a", "", ""]),
            (["xab", "cd"], ["abcd", "c"], ["x", "ab", ""]),
            (["o\u{301}", "k"], ["k"], ["o\u{301}", "", ""]),
            (["ab"], ["", "b"], ["a", ""]),
            (["end"], ["endless"], ["", "end"]),
        ]
    )
    func cases(_ pieces: [String], _ stops: [String], _ shown: [String]) {
        #expect(fed(pieces, stops).shown == shown)
    }

    @Test func `are found in random texts as the obvious search finds them`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        func word(_ lengths: ClosedRange<Int>) -> String {
            let letters = (0..<generator.int(lengths)).map { _ in
                ["a", "b", "ä"][generator.int(0...2)]
            }
            return letters.joined()
        }
        for _ in 0..<2000 {
            let stops = (0..<generator.int(0...4)).map { _ in word(1...5) }
            let pieces = (0..<generator.int(0...12)).map { _ in word(1...3) }
            let (text, isFound) = reference(pieces.joined(), stops)
            let result = fed(pieces, stops)
            #expect(result.shown.joined() == text, "seed \(seed): \(pieces) \(stops)")
            #expect(result.1 == isFound, "seed \(seed): \(pieces) \(stops)")
        }
    }

    @Test func `too long for the text to hold cost nothing`() {
        var texts = StopTexts([String(repeating: "a", count: 11)], longest: 10)
        #expect(texts.feed("aaaa") == "aaaa")
    }
}
