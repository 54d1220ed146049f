import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Onnx

/// Files that lie: an error or a model, never a trap.
@Suite struct OnnxMalformedTests {
    private static let small = OnnxCase.committed.filter { testCase in
        ["lstm_defaults", "basic_conv", "maxpool_2d_default", "gemm_all", "if", "slice"].contains {
            testCase.description.contains($0)
        }
    }

    private func attempt(_ bytes: Data, _ kernels: KernelSet) {
        do throws(ModelError) {
            let program = try Program(
                OnnxFile.decode(bytes),
                tools: ProgramTools(
                    kernels: kernels,
                    workers: Workers(count: 1),
                    memoryLimit: 1 << 24
                )
            )
            var inputs: [String: Tensor] = [:]
            for port in program.graph.inputs {
                let shape = port.dimensions.map { min($0 ?? 1, 4) }
                inputs[port.name] = Tensor(
                    shape: Shape(shape),
                    elements: .zeros(shape.reduce(1, *), port.type)
                )
            }
            _ = try program.run(inputs, outputs: program.graph.outputs, isCancelled: { false })
        } catch {
            #expect(!error.description.isEmpty)
        }
    }

    /// What `./dev fuzz-onnx` found.
    @Test func `files that trapped once are errors or models`() throws {
        let kernels = try KernelSet.select(nil)
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "OnnxFuzz/found")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            attempt(try Data(contentsOf: folder.appending(path: name)), kernels)
        }
    }

    /// What a file's reading says is wrong with a model of one node.
    private func refusal(_ node: OnnxNodeProto) throws -> String {
        let model = SmallOnnx.model(
            [node],
            inputs: [SmallOnnx.port("x")],
            outputs: [SmallOnnx.port("y")]
        )
        return try SmallOnnx.inFolder(["model.onnx": model.serializedData()]) { folder in
            do throws(ModelError) {
                _ = try OnnxFile.read(folder.appending(path: "model.onnx"))
                return ""
            } catch {
                return error.description
            }
        }
    }

    @Test func `a node of more names than any network has is refused before they are listed`()
        throws
    {
        let names = Array(repeating: "x", count: 140_000)
        #expect(
            try refusal(SmallOnnx.node("Max", names, ["y"])).contains("more than 131072 inputs")
        )
    }

    @Test func `what is no tensor is bounded`() throws {
        let name = String(repeating: "n", count: 70 << 20)
        var node = SmallOnnx.node("Neg", ["x"], ["y"])
        node.name = name
        #expect(try refusal(node).contains("64 MiB of names"))
    }

    @Test func `truncated files are errors`() throws {
        let kernels = try KernelSet.select(nil)
        for testCase in Self.small {
            let bytes = try Data(contentsOf: testCase.folder.appending(path: "model.onnx"))
            for percent in 0..<100 { attempt(bytes.prefix(bytes.count * percent / 100), kernels) }
        }
    }

    @Test func `files with flipped bytes are errors or models`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let kernels = try KernelSet.select(nil)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let files = try Self.small.map {
            try Data(contentsOf: $0.folder.appending(path: "model.onnx"))
        }
        for round in 0..<10_000 where !files.isEmpty {
            var bytes = files[round % files.count]
            bytes[random.int(0...bytes.count - 1)] = UInt8(random.int(0...255))
            attempt(bytes, kernels)
        }
    }
}
