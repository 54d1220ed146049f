import Compute
import Foundation
import Graph
import NetworkSupport
import TestSupport
import Testing

@testable import Models

/// The network of small integers that ships.
@Suite struct IntegerModelTests {
    private func load(_ kernels: KernelSet, workers: Int = 1) throws -> Model {
        let folder = ShippedModels.root.appending(path: "fashion-int8")
        return try Model(
            onnx: folder.appending(path: "model.onnx"),
            name: "fashion-int8",
            folder: folder,
            kernels: kernels,
            workers: Workers(count: workers, minimumWork: 0)
        )
    }

    @Test func `all kernels, threads and batches give the same scores`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let images = (0..<3).map { _ in random.floats(28 * 28) }
        var expected: [Float] = []
        for kernels in KernelSet.supported {
            let model = try load(kernels)
            let alone = try images.flatMap {
                try model.answer($0, shape: [1, 1, 28, 28], output: "logits")
            }
            if expected.isEmpty { expected = alone }
            expectSameBits(alone, expected, "\(kernels), seed \(seed)")
            let batch = try load(kernels, workers: 2)
                .answer(images.flatMap { $0 }, shape: [3, 1, 28, 28], output: "logits")
            expectSameBits(batch, expected, "\(kernels), a batch, seed \(seed)")
        }
    }

    @Test func `its numerics are named, its layers planned`() throws {
        let model = try load(KernelSet.select(nil))
        #expect(model.numerics == "int8")
        #expect(model.manifest.score?.value ?? 0 > 0.93)
        #expect(try ShippedModels.load("fashion").numerics == "fast")
        _ = try model.answer(
            Array(repeating: 0, count: 784),
            shape: [1, 1, 28, 28],
            output: "probabilities"
        )
        #expect(model.byDefinition.nodes.isEmpty)
        // Only the scales of what lies between them are beside the weights.
        let float = try ShippedModels.load("fashion")
        #expect(model.parameterCount - float.parameterCount < 100)
        #expect(model.multiplyAdds == float.multiplyAdds)
    }
}
