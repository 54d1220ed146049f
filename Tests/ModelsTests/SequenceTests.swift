import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Files
@testable import Graph
@testable import Models

@Suite struct SequenceTests {
    private func rows(
        _ model: Model,
        _ tokens: [Int32],
        state: inout SequenceState
    ) throws(ModelError) -> [Float] {
        var values: [Float] = []
        try model.advance(tokens, state: &state, outputs: ["probabilities"]) {
            (_, rows) throws(ModelError) in
            try rows.withRow(0) { span throws(ModelError) in
                for index in span.indices { values.append(span[index]) }
            }
        }
        return values
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `any split into chunks gives the same bits (law C7)`(_ kernels: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let model = try ShippedModels.load("scripture", kernels: kernels)
        let count = 150
        let tokens = (0..<count).map { _ in Int32.random(in: 0..<40, using: &random) }
        var state = model.initialState()
        let whole = try rows(model, tokens, state: &state)
        for _ in 0..<4 {
            var pieces: [Float] = []
            var piecewise = model.initialState()
            var start = 0
            while start < count {
                let length = min(count - start, Int.random(in: 1...70, using: &random))
                pieces += try rows(
                    model,
                    Array(tokens[start..<start + length]),
                    state: &piecewise
                )
                start += length
            }
            expectSameBits(pieces, whole, "seed \(seed)")
            #expect(piecewise == state)
        }
    }

    @Test func `helpers do not change the bits of a sequence`() throws {
        var random = SeededGenerator(seed: 11)
        let tokens = (0..<200).map { _ in Int32.random(in: 0..<40, using: &random) }
        let alone = try ShippedModels.load("scripture")
        var state = alone.initialState()
        let expected = try rows(alone, tokens, state: &state)
        for count in [2, 3] {
            let model = try ShippedModels.load(
                "scripture",
                workers: Workers(count: count, minimumWork: 0)
            )
            var state = model.initialState()
            expectSameBits(try rows(model, tokens, state: &state), expected, "\(count) workers")
        }
    }

    @Test func `a batch of sequences equals single runs, bit for bit`() throws {
        var random = SeededGenerator(seed: 5)
        let model = try ShippedModels.load("scripture")
        let (steps, batch) = (9, 7)
        let sequences = (0..<batch).map { _ in
            (0..<steps).map { _ in Int32.random(in: 0..<40, using: &random) }
        }
        let plan = try model.plan(
            inputs: ["tokens": [steps, batch]],
            outputs: ["probabilities"]
        )
        let together = try plan.run { inputs throws(ModelError) in
            try inputs.withIntegers("tokens") { span throws(ModelError) in
                for step in 0..<steps {
                    for row in 0..<batch { span[step * batch + row] = Int(sequences[row][step]) }
                }
            }
        } read: { results throws(ModelError) in
            try results.withFloats("probabilities") { span throws(ModelError) in
                span.indices.map { span[$0] }
            }
        }
        let width = together.count / (steps * batch)
        for row in 0..<batch {
            var state = model.initialState()
            let alone = try rows(model, sequences[row], state: &state)
            var slice: [Float] = []
            for step in 0..<steps {
                let start = (step * batch + row) * width
                slice += together[start..<start + width]
            }
            expectSameBits(slice, alone, "sequence \(row)")
        }
    }

    @Test func `after the heav the next character is e`() throws {
        let model = try ShippedModels.load("scripture")
        guard case .tokens(_, let vocabulary) = model.manifest.input else {
            Issue.record("not a sequence model")
            return
        }
        let tokens = try vocabulary.encode("In the beginning God created the heav")
        var state = model.initialState()
        let all = try rows(model, tokens, state: &state)
        let last = Array(all.suffix(vocabulary.symbols.count))
        let best = last.indices.max { last[$0] < last[$1] } ?? 0
        #expect(vocabulary.symbols[best] == "e")
        #expect(abs(last.reduce(0, +) - 1) < 1e-6)
        #expect(state.position == tokens.count)
    }

    @Test func `a token outside of the vocabulary is named with its position`() throws {
        let model = try ShippedModels.load("scripture")
        var state = model.initialState()
        #expect {
            try model.advance([1, 2, 900], state: &state, outputs: ["probabilities"]) { _, _ in }
        } throws: {
            "\($0)".contains("900") && "\($0)".contains("position 3")
        }
    }

    @Test func `a cancelled sequence stops and says so`() throws {
        let model = try ShippedModels.load("scripture")
        var state = model.initialState()
        #expect(throws: ModelError.cancelled) {
            try model.advance(
                [1, 2, 3],
                state: &state,
                outputs: ["probabilities"],
                isCancelled: { true }
            ) { _, _ in }
        }
        #expect(state == model.initialState())
    }

    @Test func `text is encoded longest symbol first, and unknown symbols are named`() throws {
        let file = FileManager.default.temporaryDirectory
            .appending(path: "vocabulary-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"["a","b","ab"," ","é"]"#.utf8).write(to: file)
        let vocabulary = try Vocabulary(
            file.lastPathComponent,
            in: ModelFiles(file.deletingLastPathComponent())
        )
        #expect(try vocabulary.encode("abba é") == [2, 1, 0, 3, 4])
        #expect(vocabulary.decode([2, 1, 0]) == "abba")
        #expect(throws: VocabularyError(symbol: "?", position: 2)) {
            _ = try vocabulary.encode("ab?")
        }
    }
}
