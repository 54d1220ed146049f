import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models

@Suite struct ModelTests {
    @Test(arguments: ShippedModels.names, KernelSet.supported.map(\.name))
    func `a shipped model meets its check vectors`(_ name: String, kernels: String) throws {
        let model = try ShippedModels.load(name, kernels: kernels)
        #expect(model.name == name)
        #expect(model.layers.allSatisfy { !$0.outputShape.dimensions.isEmpty })
    }

    @Test(arguments: ["fashion", "scripture", "series"])
    func `a trained model is smaller than two megabytes`(_ name: String) throws {
        let model = try ShippedModels.load(name)
        #expect(model.parameterCount * 4 < 2_000_000)
    }

    @Test func `the answer for an image does not depend on its batch or the workers`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let images = (0..<5).map { _ in random.floats(28 * 28) }
        for kernels in KernelSet.supported.map(\.name) {
            let alone = try ShippedModels.load("fashion", kernels: kernels, verifies: false)
            let single = try images.flatMap {
                try alone.answer($0, shape: [1, 1, 28, 28], output: "probabilities")
            }
            for count in [1, 2, 3, 4] {
                let workers = Workers(count: count, minimumWork: 0)
                let model = try ShippedModels.load(
                    "fashion",
                    kernels: kernels,
                    workers: workers,
                    verifies: false
                )
                for _ in 0..<10 {
                    let batch = try model.answer(
                        images.flatMap { $0 },
                        shape: [5, 1, 28, 28],
                        output: "probabilities"
                    )
                    expectSameBits(batch, single, "\(kernels), \(count) workers, seed \(seed)")
                }
            }
        }
    }

    @Test func `asking for an inner layer does not change the answer`() throws {
        var random = SeededGenerator(seed: 7)
        let image = random.floats(28 * 28)
        let model = try ShippedModels.load("fashion")
        let plain = try model.answer(image, shape: [1, 1, 28, 28], output: "probabilities")
        let plan = try model.plan(
            inputs: ["image": [1, 1, 28, 28]],
            outputs: ["conv1", "pool1", "probabilities"]
        )
        let probabilities = try plan.run { inputs throws(ModelError) in
            try inputs.withFloats("image") { span throws(ModelError) in
                for index in image.indices { span[index] = image[index] }
            }
        } read: { results throws(ModelError) in
            #expect(try results.shape(of: "conv1") == [1, 64, 28, 28])
            return try results.withFloats("probabilities") { span throws(ModelError) in
                span.indices.map { span[$0] }
            }
        }
        expectSameBits(probabilities, plain)
    }

    @Test func `a model of any size takes images of different sizes`() throws {
        let model = try ShippedModels.load("v1")
        for (height, width) in [(40, 31), (1, 1), (17, 90)] {
            let values = [Float](repeating: 0.25, count: height * width)
            let complex = try model.answer(
                values,
                shape: [1, 1, height, width],
                output: "complex"
            )
            #expect(complex.count == 24 * height * width)
            #expect(complex.allSatisfy { $0 >= 0 && $0.isFinite })
        }
    }

    @Test func `unknown layers, inputs and shapes are errors that say what there is`() throws {
        let model = try ShippedModels.load("fashion")
        let shape: Shape = [1, 1, 28, 28]
        #expect {
            _ = try model.plan(inputs: ["image": shape], outputs: ["pool9"])
        } throws: {
            "\($0)".contains("pool9") && "\($0)".contains("pool1")
        }
        #expect {
            _ = try model.plan(inputs: ["picture": shape], outputs: ["pool1"])
        } throws: {
            "\($0)".contains("picture") && "\($0)".contains("image")
        }
        #expect {
            _ = try model.plan(inputs: ["image": [1, 1, 29, 28]], outputs: ["pool1"])
        } throws: {
            "\($0)".contains("[1, 1, 29, 28]") && "\($0)".contains("28")
        }
    }

    @Test func `an image too large for the memory limit is refused before it is computed`() throws {
        let model = try Model(
            folder: ShippedModels.root.appending(path: "v1"),
            kernels: KernelSet.select(nil),
            workers: Workers(count: 1),
            memoryLimit: 8 << 20
        )
        #expect(throws: ModelError.self) {
            _ = try model.plan(inputs: ["image": [1, 1, 400, 400]], outputs: ["complex"])
        }
        _ = try model.plan(inputs: ["image": [1, 1, 30, 30]], outputs: ["complex"])
    }

    @Test func `plans are made once for each pair of shapes and outputs, and bounded`() throws {
        let plans = PlanStore(limit: 1 << 16)
        let model = try Model(
            folder: ShippedModels.root.appending(path: "v1"),
            kernels: KernelSet.select(nil),
            workers: Workers(count: 1),
            plans: plans,
            verifies: false
        )
        let again = try model.plan(inputs: ["image": [1, 1, 9, 9]], outputs: ["simple"])
        let same = try model.plan(inputs: ["image": [1, 1, 9, 9]], outputs: ["simple"])
        #expect(again === same)
        // Some others push it out.
        for side in 10...59 {
            _ = try model.plan(inputs: ["image": [1, 1, side, 25]], outputs: ["simple"])
        }
        let last = try model.plan(inputs: ["image": [1, 1, 9, 9]], outputs: ["simple"])
        #expect(last !== again)
        #expect(plans.bytes < 2 << 16)
    }
}
