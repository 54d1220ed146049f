import Compute
import Engine
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// What is taken for certain of an ONNX file, and what a model.json beside it says.
@Suite struct ImportedModelTests {
    private func repository<Result>(
        _ files: [String: Data],
        _ body: (ModelRepository) throws -> Result
    ) throws -> Result {
        try SmallOnnx.inFolder(files) { folder in
            try body(
                ModelRepository(
                    folders: [folder],
                    kernels: KernelSet.select(nil),
                    workers: Workers(count: 1)
                )
            )
        }
    }

    /// y = Relu(x + h), and the state that follows is y.
    private func recurrent(_ input: String, _ output: String, sizes: [Int64?]) throws -> Data {
        try SmallOnnx.model(
            [
                SmallOnnx.node("Add", ["x", input], ["sum"]),
                SmallOnnx.node("Relu", ["sum"], ["y"]), SmallOnnx.node("Identity", ["y"], [output]),
            ],
            inputs: [SmallOnnx.port("x", [1, 2]), SmallOnnx.port(input, [1, 2])],
            outputs: [SmallOnnx.port("y", [1, 2]), SmallOnnx.port(output, sizes)]
        ).serializedBytes()
    }

    /// A picture [any, 1, 4, 4] to two numbers, by a Softmax or not.
    private func classifier(softmax: Bool) throws -> Data {
        let weights = (0..<32).map { Float($0 % 5) / 8 - 0.25 }
        let last = SmallOnnx.node(softmax ? "Softmax" : "Relu", ["z"], ["p"])
        return try SmallOnnx.model(
            [
                SmallOnnx.node("Flatten", ["image"], ["flat"]),
                SmallOnnx.node("Gemm", ["flat", "w"], ["z"]), last,
            ],
            inputs: [SmallOnnx.port("image", [nil, 1, 4, 4])],
            outputs: [SmallOnnx.port("p", [nil, 2])],
            constants: [SmallOnnx.tensor("w", [16, 2], weights)]
        ).serializedBytes()
    }

    @Test func `numerics are those that the model.json beside it asks for`() throws {
        var random = SeededGenerator(seed: 31)
        let weights = random.floats(64 * 64 * 9)
        var conv = SmallOnnx.node("Conv", ["x", "w"], ["y"])
        conv.attribute = [.with { ($0.name, $0.type, $0.ints) = ("pads", .ints, [1, 1, 1, 1]) }]
        let file =
            try SmallOnnx.model(
                [conv],
                inputs: [SmallOnnx.port("x", [1, 64, 12, 12])],
                outputs: [SmallOnnx.port("y", [1, 64, 12, 12])],
                constants: [SmallOnnx.tensor("w", [64, 64, 3, 3], weights)]
            ).serializedBytes() as Data
        let input = Tensor(shape: [1, 64, 12, 12], floats: random.floats(64 * 144))
        var graph = Graph()
        graph.constants["w"] = Tensor(shape: [64, 64, 3, 3], floats: weights)
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [nil, nil, nil, nil])
        ]
        graph.nodes = [
            Node(
                name: "y",
                op: "Conv",
                attributes: ["pads": .ints([1, 1, 1, 1])],
                inputs: ["x", "w"],
                outputs: ["y"]
            )
        ]
        let files = [
            "fast/model.onnx": file, "precise/model.onnx": file,
            "precise/model.json": Data(#"{"name": "precise", "numerics": "precise"}"#.utf8),
        ]
        try repository(files) { models in
            for numerics in Numerics.allCases {
                let model = try #require(models.model(named: numerics.rawValue))
                let answer = try #require(model.infer(["x": input]).first?.tensor.floats)
                let expected = try GraphRunner(kernels: KernelSet.select(nil), numerics: numerics)
                    .run(graph, inputs: ["x": input], outputs: ["y"])[0]
                expectSameBits(answer, expected.values, "\(numerics)")
            }
        }
    }

    @Test(
        "states are found by shape and name",
        arguments: [
            ("h", "hn", true), ("h0", "h", true), ("state", "stateN", true),
            ("h_in", "h_out", true),
            ("prev_hidden", "next_hidden", true), ("h", "c", false), ("state", "other", false),
        ]
    )
    func states(_ input: String, _ output: String, _ isPair: Bool) throws {
        let files = ["m.onnx": try recurrent(input, output, sizes: [1, 2])]
        try repository(files) { repository in
            let model = try #require(repository.model(named: "m"))
            #expect(model.stateNames.map(\.input) == (isPair ? [input] : []))
            let x = Tensor(shape: [1, 2], floats: [1, -2])
            guard isPair else {
                #expect(throws: ModelError.self) { try model.infer(["x": x]) }
                return
            }
            // A state that is left out is zeros.
            let first = try model.infer(["x": x])
            #expect(first[1].name == output && first[1].tensor.floats == [1, 0])
            let second = try model.infer(["x": x, input: first[1].tensor])
            #expect(second[0].tensor.floats == [2, 0])
        }
    }

    @Test func `a state of another shape is none`() throws {
        let files = ["m.onnx": try recurrent("h", "hn", sizes: [1, nil])]
        try repository(files) { repository in
            #expect(repository.model(named: "m")?.stateNames.isEmpty == true)
        }
    }

    @Test func `pictures of fixed size are classified, with a Softmax or without`() throws {
        let files = [
            "a/1/model.onnx": try classifier(softmax: true),
            "b/model.onnx": try classifier(softmax: false),
        ]
        try repository(files) { repository in
            let (a, b) = (repository.model(named: "a"), repository.model(named: "b"))
            #expect(a?.manifest.task == .imageClassification && a?.scores == .probabilities)
            #expect(b?.manifest.task == .imageClassification && b?.scores == .logits)
            let plan = try #require(a).plan(inputs: ["image": [3, 1, 4, 4]], outputs: ["p", "z"])
            #expect(plan.outputs.map(\.shape) == [[3, 2], [3, 2]])
        }
    }

    @Test func `a manifest beside the file says the rest`() throws {
        let manifest = """
            {"name": "digits", "version": "7", "task": "image-classification", "labels": "labels.txt",
            "input": {"name": "image", "channels": 1, "height": 4, "width": 4},
            "preprocessing": {"colour": "grey"}}
            """
        let files = [
            "folder/model.onnx": try classifier(softmax: true),
            "folder/model.json": Data(manifest.utf8), "folder/labels.txt": Data("no\nyes\n".utf8),
        ]
        try repository(files) { repository in
            #expect(repository.failures.isEmpty, "\(repository.failures)")
            let model = try #require(repository.model(named: "digits", version: "7"))
            #expect(model.manifest.labels == ["no", "yes"] && model.manifest.outputs == ["p"])
        }
    }

    @Test func `a manifest that does not fit the file is named`() throws {
        let files = [
            "folder/model.onnx": try classifier(softmax: true),
            "folder/model.json": Data(#"{"name": "x", "layers": []}"#.utf8),
        ]
        try repository(files) { repository in
            #expect(repository.failures.count == 1)
            #expect("\(repository.failures[0].error)".contains("layers"))
        }
    }

    @Test func `check vectors beside the file are run`() throws {
        let check = """
            {"tolerance": 1e-3, "cases": [{"inputs": {"image": {"shape": [1, 1, 4, 4], "data": [\(
            Array(repeating: "0", count: 16).joined(separator: ","))]}},
            "outputs": {"p": {"shape": [1, 2], "data": [0.5, HALF]}}}]}
            """
        for (half, fails) in [("0.5", false), ("0.6", true)] {
            let files = [
                "m/model.onnx": try classifier(softmax: true),
                "m/check.json": Data(check.replacing("HALF", with: half).utf8),
            ]
            try repository(files) { #expect($0.failures.isEmpty != fails, "\($0.failures)") }
        }
    }
}
