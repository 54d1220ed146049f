import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// ONNX files that read symbols and keep states, with and without a manifest.
@Suite struct SymbolReadingTests {
    /// Embedding, LSTM of four units and five scores, as exporters write it.
    struct File {
        var isBatchFirst = false
        var tokens: [Int64?] = [nil, 1]
        var names = ["h0", "c0", "hn", "cn"]
        var hasSoftmax = false
        /// Whether only the last symbol's scores come out.
        var answersLast = false
        /// Whether states go in at all.
        var hasStates = true
        /// Whether one input is both states at first, so that no output continues it.
        var sharesState = false
        /// Sequences side by side that the states are declared for.
        var batch: Int64? = 1

        func bytes() throws -> Data {
            var random = SeededGenerator(seed: 3)
            func weights(_ name: String, _ dims: [Int64]) -> OnnxTensorProto {
                SmallOnnx.tensor(name, dims, random.floats(Int(dims.reduce(1, *))))
            }
            func permuted(_ from: String, _ to: String) -> OnnxNodeProto {
                var node = SmallOnnx.node("Transpose", [from], [to])
                node.attribute = [
                    .with { ($0.name, $0.type, $0.ints) = ("perm", .ints, [1, 0, 2]) }
                ]
                return node
            }
            let before = isBatchFirst ? [permuted("rows", "x")] : []
            let after = isBatchFirst ? [permuted("flat", "y")] : []
            var cell = SmallOnnx.node(
                "LSTM",
                [isBatchFirst ? "x" : "rows", "W", "R", "B", ""]
                    + (hasStates ? [names[0], names[sharesState ? 0 : 1]] : []),
                ["all", names[2], names[3]]
            )
            cell.attribute = [.with { ($0.name, $0.type, $0.i) = ("hidden_size", .int, 4) }]
            let hidden = isBatchFirst ? "y" : "flat"
            let constants = [
                weights("E", [5, 3]), weights("W", [1, 16, 3]), weights("R", [1, 16, 4]),
                weights("B", [1, 32]), weights("V", [4, 5]), weights("bias", [5]),
                axis("one", 1), axis("last", -1),
            ]
            let scores =
                answersLast
                ? [
                    SmallOnnx.node("Gather", [hidden, "last"], ["chosen"]),
                    SmallOnnx.node("MatMul", ["chosen", "V"], ["product"]),
                ] : [SmallOnnx.node("MatMul", [hidden, "V"], ["product"])]
            let ends = SmallOnnx.node("Add", ["product", "bias"], [hasSoftmax ? "sums" : "logits"])
            let softmax = hasSoftmax ? [SmallOnnx.node("Softmax", ["sums"], ["logits"])] : []
            let rows = SmallOnnx.node("Gather", ["E", "tokens"], ["rows"])
            let squeeze = SmallOnnx.node("Squeeze", ["all", "one"], ["flat"])
            let first: [OnnxNodeProto] = [rows] + before + [cell, squeeze]
            let nodes: [OnnxNodeProto] = first + after + scores + [ends] + softmax
            let states = [1, batch, 4] as [Int64?]
            let given = hasStates ? names.prefix(sharesState ? 1 : 2) : []
            let left = hasStates ? names.dropFirst(2).prefix(sharesState ? 1 : 2) : []
            var inputs = [SmallOnnx.port("tokens", tokens, type: 7)]
            for name in given { inputs.append(SmallOnnx.port(name, states)) }
            var outputs = [SmallOnnx.port("logits", [nil, nil, 5])]
            for name in left { outputs.append(SmallOnnx.port(name, states)) }
            return try SmallOnnx.model(
                nodes,
                inputs: inputs,
                outputs: outputs,
                constants: constants
            ).serializedBytes()
        }

        private func axis(_ name: String, _ value: Int64) -> OnnxTensorProto {
            .with { ($0.name, $0.dataType, $0.dims, $0.int64Data) = (name, 7, [1], [value]) }
        }
    }

    private func load(_ files: [String: Data]) throws -> ModelRepository {
        try SmallOnnx.inFolder(files) { folder in
            ModelRepository(
                folders: [folder],
                kernels: try KernelSet.select(nil),
                workers: Workers(count: 1)
            )
        }
    }

    private func scores(_ model: Model, _ tokens: [Int32], _ name: String) throws -> [[Float]] {
        var state = model.initialState()
        var rows: [[Float]] = []
        // In pieces, so that states are carried.
        for part in [tokens.prefix(2), tokens.dropFirst(2)] {
            try model.advance(Array(part), state: &state, outputs: [name]) {
                (_, answer) throws(ModelError) in
                rows.append(
                    try answer.withRow(0) { row throws(ModelError) in
                        row.indices.map { row[$0] }
                    }
                )
            }
        }
        #expect(state.position == tokens.count)
        return rows
    }

    @Test(
        "a file that certainly reads symbols predicts the next one",
        arguments: [
            File(), File(isBatchFirst: true, tokens: [1, nil]),
            File(isBatchFirst: true, tokens: [nil, nil]), File(tokens: [nil, nil]),
            File(tokens: [1, 1]), File(hasSoftmax: true), File(answersLast: true),
            File(names: ["a", "b", "c", "d"]), File(tokens: [1, nil], batch: nil),
            File(isBatchFirst: true, tokens: [nil, 1], batch: nil),
        ]
    )
    func certain(file: File) throws {
        let model = try #require(
            load(["m.onnx": file.bytes()]).model(named: "m"),
            "\(file)"
        )
        #expect(model.manifest.task == .nextSymbol && model.remark == "", "\(model.remark)")
        #expect(model.stateNames.map(\.input) == Array(file.names.prefix(2)))
        #expect(model.manifest.input.symbolCount == 5 && model.stateCount == 8)
        let tokens: [Int32] = [3, 0, 4, 1, 1, 2]
        let reading = try #require(model.reading)
        #expect(
            reading.takesSeveral
                == (!file.answersLast && file.tokens.contains(nil)
                    && file.tokens[reading.timeAxis] != 1)
        )
        let logits = try #require(model.manifest.logits)
        let rows = try scores(model, tokens, logits)
        // The reference: one symbol after the other, as tensors.
        var states: [String: Tensor] = [:]
        for (token, row) in zip(tokens, rows) {
            var inputs = states
            inputs["tokens"] = reading.tensor([token])
            let wanted = [logits] + file.names.suffix(2)
            let answers = try model.infer(inputs, outputs: wanted).map(\.tensor)
            let expected = try #require(answers[0].floats)
            expectClose(row, expected.map { Double($0) }, .close, scale: 1, "\(token)")
            states = [file.names[0]: answers[1], file.names[1]: answers[2]]
        }
        let chances = try scores(model, tokens, model.manifest.outputs[0])
        #expect(chances.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-5 && $0.count == 5 })
    }

    /// Such a file was read along its batch axis, where a sequence of one symbol agrees with anything.
    @Test(
        "an axis of size 1 is no time where the other one fails the trial",
        arguments: [
            File(isBatchFirst: true, tokens: [1, nil], sharesState: true),
            File(tokens: [nil, 1], sharesState: true),
            File(isBatchFirst: true, tokens: [1, nil], sharesState: true, batch: nil),
            File(isBatchFirst: true, tokens: [nil, nil], sharesState: true),
        ]
    )
    func uncertain(file: File) throws {
        let repository = try load(["m.onnx": file.bytes()])
        let model = try #require(repository.model(named: "m"))
        #expect(model.manifest.task == .tensors && model.reading == nil, "\(file)")
        #expect(model.remark.contains("two symbols at once do not answer"), "\(model.remark)")
    }

    @Test(
        "its layers are those that a person would draw",
        arguments: [File(), File(isBatchFirst: true, tokens: [1, nil]), File(hasSoftmax: true)]
    )
    func form(file: File) throws {
        let model = try #require(load(["m.onnx": file.bytes()]).model(named: "m"))
        #expect(model.form.layers.map(\.op) == ["Gather", "LSTM", "MatMul", "Softmax"])
        let inputs = ["tokens"] + model.form.layers.map(\.name)
        #expect(model.form.layers.map(\.inputs) == inputs.dropLast().map { [$0] })
        #expect(model.form.layers[1].fields["hidden"] == .int(4))
    }

    @Test func `what is not certain is served as tensors, with advice`() throws {
        let repository = try load(["m.onnx": File(hasStates: false).bytes()])
        let model = try #require(repository.model(named: "m"))
        #expect(model.manifest.task == .tensors && model.reading == nil)
        let reason = try #require(repository.index.first).reason
        for part in ["served as plain tensors", "next-symbol", "\"tokens\"", "model.json"] {
            #expect(reason.contains(part), "\(reason)")
        }
    }

    @Test func `a manifest gives the symbols their names, and says what states are`() throws {
        let manifest = """
            {"name": "letters", "task": "next-symbol", "states": {"c": "b", "d": "a"},
             "input": {"name": "tokens", "vocabulary": "vocabulary.json"}}
            """
        let file = try File(names: ["c", "d", "b", "a"]).bytes()
        var files = [
            "f/model.onnx": file, "f/model.json": Data(manifest.utf8),
            "f/vocabulary.json": Data(#"["a", "b", "c", "d", "e"]"#.utf8),
        ]
        let repository = try load(files)
        #expect(repository.failures.isEmpty, "\(repository.failures)")
        let model = try #require(repository.model(named: "letters"))
        #expect(model.stateNames.map(\.output) == ["b", "a"])
        #expect(model.manifest.outputs == ["logits/probabilities"])
        guard case .tokens(_, let vocabulary) = model.manifest.input else {
            Issue.record("no vocabulary")
            return
        }
        #expect(try vocabulary.encode("bad") == [1, 0, 3])
        files["f/vocabulary.json"] = Data(#"["a", "b"]"#.utf8)
        let failure = try #require(load(files).failures.first)
        #expect("\(failure.error)".contains("5 symbols are scored, the vocabulary has 2"))
    }

    @Test func `numbers are symbols where nothing else is known of them`() throws {
        let vocabulary = Vocabulary(numbers: 12)
        #expect(try vocabulary.encode("11 0\n3") == [11, 0, 3])
        #expect(vocabulary.decode([11, 0, 99, 3]) == "11 0 3")
        #expect(throws: VocabularyError(symbol: "1", position: 2)) { try vocabulary.encode("1 12") }
    }
}
