import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// The examples of docs/model-json.md, each beside a file of the kind that its block's second word names.
@Suite struct `Documented manifests` {
    private static let text: String = {
        let package = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = package.appending(path: "docs/model-json.md")
        return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    }()

    private static let examples: [(kind: String, text: String)] = text.matches(
        of: #/```json (\w+)\n([\s\S]*?)\n```/#
    ).map { (String($0.1), String($0.2)) }

    @Test func `are there for every kind`() {
        let kinds = Set(Self.examples.map(\.kind))
        #expect(kinds == ["classifier", "symbols", "detector", "segmenter", "layers"])
    }

    @Test func `name every field`() {
        for field in Manifest.fields + Preprocessing.fields {
            #expect(Self.text.contains("`\(field)`"), "\(field)")
        }
        for task in ModelTask.all { #expect(Self.text.contains("`\(task.name)`"), "\(task.name)") }
    }

    @Test(arguments: examples.indices) func `are read as they stand`(index: Int) throws {
        let (kind, manifest) = Self.examples[index]
        var files = ["m/model.json": Data(manifest.utf8)]
        switch kind {
        case "classifier": files["m/model.onnx"] = try Self.network("image", 224, [nil, 3])
        case "detector": files["m/model.onnx"] = try Self.network("images", 64, [1, 7, 10])
        case "segmenter": files["m/model.onnx"] = try Self.network("images", 64, [1, 3, 8, 8])
        case "symbols":
            files["m/model.onnx"] = try SymbolReadingTests.File().bytes()
            files["m/vocabulary.json"] = Data(#"["a", "b", "c", "d", "e"]"#.utf8)
        default:
            var random = SeededGenerator(seed: 5)
            let weights = [
                "conv1.weight": Tensor(shape: [8, 1, 3, 3], floats: random.floats(72))
            ]
            if manifest.contains("\"conv1\"") {
                files["m/model.safetensors"] = SafeTensorsWriter.encode(weights)
            }
        }
        let repository = try SmallOnnx.inFolder(files) { folder in
            ModelRepository(
                folders: [folder],
                kernels: try KernelSet.select(nil),
                workers: Workers(count: 1)
            )
        }
        #expect(
            repository.models.count == 1,
            "\(manifest)\n\(repository.failures.map { $0.error.description })"
        )
    }

    /// A network whose output is a constant of that shape, whatever the picture.
    private static func network(
        _ input: String,
        _ side: Int64,
        _ output: [Int64?]
    ) throws -> Data {
        let sizes = output.map { $0 ?? 1 }
        let count = Int(sizes.reduce(1, *))
        return try SmallOnnx.model(
            [
                SmallOnnx.node("ReduceMean", [input], ["mean"]),
                SmallOnnx.node("Flatten", ["mean"], ["flat"]),
                SmallOnnx.node("Mul", ["flat", "values"], ["scaled"]),
                SmallOnnx.node("Reshape", ["scaled", "shape"], ["scores"]),
            ],
            inputs: [SmallOnnx.port(input, [1, 3, side, side])],
            outputs: [SmallOnnx.port("scores", output)],
            constants: [
                SmallOnnx.tensor("values", [1, Int64(count)], [Float](repeating: 1, count: count)),
                .with {
                    ($0.name, $0.dataType, $0.dims) = ("shape", 7, [Int64(sizes.count)])
                    $0.int64Data = sizes
                },
            ]
        ).serializedBytes()
    }
}
