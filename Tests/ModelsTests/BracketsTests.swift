import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// The constructed network against a plain counter: it decides exactly.
@Suite struct BracketsTests {
    /// Whether the brackets read so far are balanced, after each token.
    private func balanced(_ tokens: [Int32]) -> [Bool] {
        var (depth, isFaulty) = (0, false)
        return tokens.map { token in
            if token == 0 { depth += 1 }
            if token == 1 {
                if depth == 0 { isFaulty = true } else { depth -= 1 }
            }
            return depth == 0 && !isFaulty
        }
    }

    /// Every step's verdict: true where the probabilities are exactly 1 and 0, false for 0 and 1.
    private func verdicts(_ model: Model, _ tokens: [Int32]) throws -> [Bool?] {
        var verdicts: [Bool?] = []
        var state = model.initialState()
        try model.advance(tokens, state: &state, outputs: ["verdict"]) {
            (_, rows) throws(ModelError) in
            try rows.withRow(0) { span throws(ModelError) in
                verdicts.append(Self.verdict(span[0], span[1]))
            }
        }
        return verdicts
    }

    private static func verdict(_ balanced: Float, _ unbalanced: Float) -> Bool? {
        switch (balanced, unbalanced) {
        case (1, 0): true
        case (0, 1): false
        default: nil
        }
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `decides every string up to length 14`(_ kernels: String) throws {
        let model = try ShippedModels.load("brackets", kernels: kernels)
        let (length, batch) = (14, 256)
        var wrong = 0
        // Each string's verdicts after every character are those of all its beginnings.
        for start in stride(from: 0, to: 1 << length, by: batch) {
            let strings = (start..<start + batch).map { number in
                (0..<length).map { Int32(number >> $0 & 1) }
            }
            let values = try model.run(strings, output: "verdict")
            for (row, string) in strings.enumerated() {
                for (step, expected) in balanced(string).enumerated() {
                    let index = (step * batch + row) * 2
                    if Self.verdict(values[index], values[index + 1]) != expected { wrong += 1 }
                }
            }
        }
        #expect(wrong == 0)
    }

    /// A random balanced string, deep where `climb` is near 1.
    private func random(_ length: Int, climb: Double, _ random: inout SeededGenerator) -> [Int32] {
        var tokens: [Int32] = []
        var depth = 0
        while tokens.count + depth < length {
            let opens = depth == 0 || Double.random(in: 0..<1, using: &random) < climb
            tokens.append(opens ? 0 : 1)
            depth += opens ? 1 : -1
        }
        return tokens + [Int32](repeating: 1, count: depth)
    }

    @Test func `decides long strings, balanced and almost balanced`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        let model = try ShippedModels.load("brackets")
        for climb in [0.5, 0.55, 0.9] {
            for length in [1000, 1001, 4321, 20_000] {
                let good = random(length, climb: climb, &generator)
                var flipped = good
                let place = generator.int(0...good.count - 1)
                flipped[place] = 1 - flipped[place]
                let cases = [good, flipped, Array(good.dropLast()), [1] + good, good + [0, 1, 1]]
                for (index, tokens) in cases.enumerated() {
                    let expected = balanced(tokens)
                    #expect(index > 0 || expected.last == true)
                    let actual = try verdicts(model, tokens)
                    #expect(actual == expected, "seed \(seed), length \(length), case \(index)")
                }
            }
        }
    }

    @Test(arguments: [500, 5000, 50_000])
    func `counts nests of any depth a request can have`(_ depth: Int) throws {
        let model = try ShippedModels.load("brackets")
        let open = [Int32](repeating: 0, count: depth)
        let close = [Int32](repeating: 1, count: depth)
        let nest = open + close
        #expect(try verdicts(model, nest).last == true)
        for spoilt: [Int32] in [nest.dropLast(), nest + [1], nest + [1, 0]] {
            #expect(try verdicts(model, spoilt).last == false)
        }
    }

    @Test func `other characters change nothing`() throws {
        let model = try ShippedModels.load("brackets")
        guard case .tokens(_, let vocabulary) = model.manifest.input else {
            Issue.record("not a sequence model")
            return
        }
        for (text, expected) in [("f(x, g(y))", true), ("f(x, g(y)", false), ("a + b", true)] {
            #expect(try verdicts(model, vocabulary.encode(text)).last == expected)
        }
    }

    @Test func `the orbit is the same from any start and never rests`() throws {
        let model = try ShippedModels.load("orbit")
        func radii(_ start: [Float]) throws -> ClosedRange<Float> {
            var state = try model.state(of: start)
            var radii: [Float] = []
            let steps = [Int32](repeating: 0, count: 3000)
            try model.advance(steps, state: &state, outputs: ["units"]) {
                (step, rows) throws(ModelError) in
                guard step >= 2000 else { return }
                try rows.withRow(0) { span throws(ModelError) in
                    radii.append((span[0] * span[0] + span[1] * span[1]).squareRoot())
                }
            }
            return (radii.min() ?? 0)...(radii.max() ?? 0)
        }
        let first = try radii([0, 0])
        #expect(first.lowerBound > 0.7 && first.upperBound < 0.95)
        for start in [[0.75, -0.5], [-1, -1], [0.01, 0.02]] as [[Float]] {
            let other = try radii(start)
            #expect(abs(other.lowerBound - first.lowerBound) < 0.01)
            #expect(abs(other.upperBound - first.upperBound) < 0.01)
        }
        #expect(throws: ModelError.self) { _ = try model.state(of: [1, 2, 3]) }
    }
}
