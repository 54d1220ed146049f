import Compute
import Foundation
import NetworkSupport
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
