import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

@Suite struct LoadingTests {
    /// A good manifest with one piece replaced, and what the error must say.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let original: String
        let replacement: String
        let phrases: [String]

        init(_ original: String, _ replacement: String, says phrases: String...) {
            self.original = original
            self.replacement = replacement
            self.phrases = phrases
        }

        var testDescription: String { replacement }

        /// Loads `manifest` with the mistake in it, which must fail with a sentence of all phrases.
        func expectNamed(in manifest: String, _ weights: [String: Tensor]) throws {
            let builder = try ModelFolderBuilder()
            let text = manifest.replacingOccurrences(of: original, with: replacement)
            try #require(text != manifest)
            try builder.write(text, to: "model.json")
            try builder.write(weights)
            let error = #expect(throws: ModelError.self) { _ = try builder.load() }
            let sentence = error.map { "\($0)" } ?? ""
            for phrase in phrases {
                #expect(sentence.contains(phrase), "\"\(sentence)\" does not say \(phrase)")
            }
        }
    }

    private static let manifest = """
        {"name": "tiny", "task": "image-features",
         "input": {"name": "image", "channels": 1, "height": 6, "width": 5},
         "preprocessing": {"colour": "grey", "mean": [0.5], "scale": [1]},
         "layers": [
          {"name": "conv", "op": "Conv", "kernel": [3, 3], "channels": 4, "padding": "same"},
          {"name": "max", "op": "Maxout", "group": 2},
          {"name": "flat", "op": "Flatten"},
          {"name": "out", "op": "Gemm", "units": 3}
         ],
         "outputs": ["out"], "features": "max"}
        """

    private static var weights: [String: Tensor] {
        var random = SeededGenerator(seed: 3)
        func tensor(_ shape: Shape) -> Tensor {
            Tensor(shape: shape, floats: random.floats(shape.count))
        }
        return [
            "conv.weight": tensor([4, 1, 3, 3]), "conv.bias": tensor([4]),
            "out.weight": tensor([3, 60]), "out.bias": tensor([3]),
        ]
    }

    static let mistakes = [
        Mistake(#""channels": 1"#, #""channels": 3"#, says: "preprocessing", "3"),
        Mistake(#""name": "tiny""#, #""name": "a b""#, says: "name", "letters"),
        Mistake(#""name": "tiny""#, #""nam": "tiny""#, says: "name", "nothing"),
        Mistake(#""task": "image-features""#, #""task": "guess""#, says: "task", "guess"),
        Mistake(#""channels": 1"#, #""channels": 0"#, says: "channels", "from 1", "0"),
        Mistake(#""height": 6"#, #""height": 0"#, says: "height", "from 1", "0"),
        Mistake(#""width": 5"#, #""width": -5"#, says: "width", "from 1", "-5"),
        Mistake(#""height": 6"#, #""height": "six""#, says: "height", "six"),
        Mistake(#""height": 6"#, #""depth": 6"#, says: "depth", "no such field", "height, width"),
        Mistake(#""height": 6"#, #""heigth": 6"#, says: "heigth", "did you mean \"height\"?"),
        Mistake(#""op": "Maxout""#, #""op": "ReLU""#, says: "max", "ReLU", "\"Relu\""),
        Mistake(#""op": "Gemm""#, #""op": "Linear""#, says: "out", "Linear", "\"Gemm\""),
        Mistake(
            #""kernel": [3, 3]"#,
            #""kernel_size": 3"#,
            says: "conv",
            "kernel_size",
            "\"kernel\""
        ),
        Mistake(
            #""colour": "grey""#,
            #""gray": true"#,
            says: "preprocessing",
            "gray",
            "\"colour\""
        ),
        Mistake(#""mean": [0.5]"#, #""mean": [0.5, 1]"#, says: "mean", "1 numbers"),
        Mistake(#""scale": [1]"#, #""scale": [0]"#, says: "scale"),
        Mistake(#""colour": "grey""#, #""colour": "sepia""#, says: "colour", "sepia", "grey"),
        Mistake(#""op": "Maxout""#, #""op": "Maxin""#, says: "max", "Maxin"),
        Mistake(
            #""features": "max""#,
            #""examples": ["../model.json"]"#,
            says: "examples",
            "../model.json",
            "png"
        ),
        Mistake(#""features": "max""#, #""examples": ["a.exe"]"#, says: "examples", "a.exe"),
        Mistake(#""features": "max""#, #""examples": [".png"]"#, says: "examples", ".png"),
        Mistake(#""features": "max""#, #""examples": ["a.png"]"#, says: "a.png", "missing"),
        Mistake(
            #""features": "max""#,
            #""examples": ["a.png", "a.png"]"#,
            says: "examples",
            "different"
        ),
        Mistake(#""group": 2"#, #""group": 3"#, says: "max", "3"),
        Mistake(#""group": 2"#, #""grup": 2"#, says: "max", "grup"),
        Mistake(#""kernel": [3, 3]"#, #""kernel": [5, 3]"#, says: "conv", "kernel", "[3, 3]"),
        Mistake(#""kernel": [3, 3]"#, #""kernel": [3]"#, says: "layer 1", "kernel"),
        Mistake(#""kernel": [3, 3]"#, #""kernel": [3, -3]"#, says: "layer 1", "kernel", "-3"),
        Mistake(#""channels": 4"#, #""channels": 5"#, says: "conv", "channels", "4", "5"),
        Mistake(#""padding": "same""#, #""padding": "some""#, says: "padding", "some", "valid"),
        Mistake(#""padding": "same""#, #""padding": [1, 2]"#, says: "padding"),
        Mistake(#""units": 3"#, #""units": 4"#, says: "out", "units", "3"),
        Mistake(#""name": "max""#, #""name": "conv""#, says: "conv", "name"),
        Mistake(#""op": "Flatten""#, #""op": "Flatten", "inputs": ["later"]"#, says: "later"),
        Mistake(#""outputs": ["out"]"#, #""outputs": ["end"]"#, says: "end", "max"),
        Mistake(#""features": "max""#, #""features": "pool""#, says: "pool", "conv"),
        Mistake(#""outputs": ["out"]"#, #""outputs": "out""#, says: "outputs"),
        Mistake(#""padding": "same""#, #""padding": "valid", "strides": [9, 9]"#, says: "out"),
        Mistake(
            #""height": 6, "width": 5"#,
            #""height": 2, "width": 5"#,
            says: "out",
            "60"
        ),
        Mistake(#"{"name": "flat", "op": "Flatten"},"#, "", says: "out", "matrix"),
        Mistake(#""name": "tiny","#, #""name": "tiny""#, says: "model.json", "JSON"),
        Mistake(#"{"name": "out", "op": "Gemm", "units": 3}"#, "7", says: "layer 4", "object"),
    ]

    @Test func `the manifest without a mistake loads and computes`() throws {
        let builder = try ModelFolderBuilder()
        try builder.write(Self.manifest, to: "model.json")
        try builder.write(Self.weights)
        let model = try builder.load()
        let output = try model.answer(
            Array(repeating: 0.5, count: 30),
            shape: [1, 1, 6, 5],
            output: "out"
        )
        #expect(output.count == 3)
        #expect(model.layers.map(\.name) == ["conv", "max", "flat", "out"])
        #expect(model.layers[0].multiplyAdds == 4 * 9 * 30)
        #expect(model.layers[0].parameters == 4 * 9 + 4)
        #expect(model.layers[1].outputShape == [1, 2, 6, 5])
        let field = model.layers[0].receptiveField
        #expect(field.map { [$0.height, $0.width] } == [3, 3])
    }

    @Test("a mistake in the manifest is named", arguments: mistakes)
    func names(_ mistake: Mistake) throws {
        try mistake.expectNamed(in: Self.manifest, Self.weights)
    }

    @Test func `all mistakes are named at once, unknown fields first`() throws {
        let builder = try ModelFolderBuilder()
        try builder.write(
            """
            {"nam": "tiny", "task": "guess",
             "input": {"name": "image", "channels": 0, "height": 6},
             "preprocessing": {"gray": true},
             "layers": [
              {"name": "conv", "op": "Conv", "kernel_size": 3, "padding": "same"},
              {"name": "out", "op": "Gemm", "out_features": 3},
              {"name": "last", "op": "ReLU"}
             ], "outputs": 7}
            """,
            to: "model.json"
        )
        try builder.write(Self.weights)
        let error = try #require(
            #expect(throws: ModelError.self) { _ = try builder.load() }
        )
        guard case .several(let mistakes) = error else {
            Issue.record("\(error)")
            return
        }
        let said = mistakes.map(\.description)
        #expect(
            said == [
                #"model.json, nam: no such field (did you mean "name"?)"#,
                #"model.json, layer 1 "conv", kernel_size: no such field (did you mean "kernel"?)"#,
                #"model.json, layer 2 "out", out_features: no such field (did you mean "units"?)"#,
                "model.json, name: expected a text, got nothing",
                said.first { $0.contains("task") } ?? "",
                "model.json, input, channels: expected an integer from 1, got 0",
                "model.json, outputs: expected a list of texts, got 7",
                #"model.json, layer 3 "last", op: expected ONNX's name, maybe "Relu", got "ReLU""#,
            ],
            "\(said.joined(separator: "\n"))"
        )
    }

    @Test func `layers after one with a mistake are read as if it were right`() throws {
        let builder = try ModelFolderBuilder()
        let text = Self.manifest
            .replacingOccurrences(of: #""op": "Maxout""#, with: #""op": "Maxin""#)
            .replacingOccurrences(of: #""units": 3"#, with: #""units": 4"#)
        try builder.write(text, to: "model.json")
        try builder.write(Self.weights)
        let error = #expect(throws: ModelError.self) { _ = try builder.load() }
        guard case .several(let mistakes) = error else {
            Issue.record("\(error.map { "\($0)" } ?? "")")
            return
        }
        #expect(mistakes.count == 2)
    }

    @Test func `weights that are missing, left over or of another shape are named`() throws {
        let changes: [(name: String, tensor: Tensor?, says: String)] = [
            ("conv.weight", nil, "conv.weight"),
            ("stray", Tensor(shape: [1], floats: [1]), "stray"),
            (
                "conv.weight",
                Tensor(shape: [4, 3, 3, 3], floats: Array(repeating: 1, count: 108)), "3"
            ),
            ("out.weight", Tensor(shape: [3, 59], floats: Array(repeating: 1, count: 177)), "59"),
            ("conv.bias", Tensor(shape: [2], floats: [1, 1]), "bias"),
        ]
        for change in changes {
            let builder = try ModelFolderBuilder()
            try builder.write(Self.manifest, to: "model.json")
            var weights = Self.weights
            weights[change.name] = change.tensor
            try builder.write(weights)
            let error = #expect(throws: ModelError.self) { _ = try builder.load() }
            #expect("\(error.map { "\($0)" } ?? "")".contains(change.says))
        }
    }

    @Test func `a model that misses its check vectors is not served`() throws {
        let builder = try ModelFolderBuilder()
        try builder.write(Self.manifest, to: "model.json")
        try builder.write(Self.weights)
        let zeros = Array(repeating: "0.0", count: 30).joined(separator: ",")
        try builder.write(
            """
            {"tolerance": 1e-4, "cases": [{"inputs": {"image": {"shape": [1,1,6,5], "data": [\(zeros)]}},
             "outputs": {"out": {"shape": [1,3], "data": [5.0, 5.0, 5.0]}}}]}
            """,
            to: "check.json"
        )
        let error = #expect(throws: ModelError.self) { _ = try builder.load() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("\"out\", number 1"))
    }

    @Test func `a repository serves what loads and reports what does not`() throws {
        let builder = try ModelFolderBuilder()
        let good = builder.folder.appending(path: "good")
        let bad = builder.folder.appending(path: "bad")
        for folder in [good, bad] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try builder.write(Self.manifest, to: "good/model.json")
        try SafeTensorsWriter.encode(Self.weights)
            .write(to: good.appending(path: "model.safetensors"))
        try builder.write("{}", to: "bad/model.json")
        let repository = ModelRepository(
            folders: [builder.folder],
            kernels: try KernelSet.select(nil),
            workers: Workers(count: 1)
        )
        #expect(repository.models.map(\.name) == ["tiny"])
        #expect(repository.model(named: "tiny") != nil)
        #expect(repository.failures.map(\.folder) == ["bad"])
    }
}
