import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// Whole models asked with tensors.
@Suite struct InferTests {
    @Test func `a picture model answers what its plan answers`() throws {
        let model = try ShippedModels.load("fashion")
        var random = SeededGenerator(seed: 11)
        let picture = Tensor(shape: [2, 1, 28, 28], floats: random.floats(2 * 784))
        let input = try #require(model.signature.inputs.first)
        #expect(input.dimensions == [nil, 1, 28, 28])
        #expect(model.signature.outputs.first?.dimensions == [nil, 10])
        let answer = try model.infer([input.name: picture], outputs: nil)
        #expect(answer.count == 1)
        #expect(answer.first?.tensor.shape == [2, 10])
        let sum = (answer.first?.tensor.floats ?? []).reduce(0, +)
        #expect(abs(sum - 2) < 1e-4)
        let maps = try model.infer([input.name: picture], outputs: ["maxout1"])
        #expect(maps.first?.tensor.shape == [2, 32, 28, 28])
    }

    @Test func `states may be left out of a sequence model`() throws {
        let model = try ShippedModels.load("scripture")
        let tokens = Tensor(shape: [3, 1], integers: [1, 2, 3])
        let name = model.manifest.input.name
        #expect(model.signature.inputs.contains { $0.isOptional })
        let answer = try model.infer([name: tokens])
        #expect(answer.first?.tensor.shape.dimensions.first == 3)
        #expect(throws: ModelError.tokenOutOfRange(position: 1, token: 4000, count: 63)) {
            try model.infer([name: Tensor(shape: [2, 1], integers: [1, 4000])])
        }
    }

    @Test func `errors name the input, what was expected and what came`() throws {
        let model = try ShippedModels.load("fashion")
        let name = model.manifest.input.name
        let rows = Tensor(shape: [1, 1, 2, 28], floats: Array(repeating: 0, count: 56))
        let cases: [([String: Tensor], String)] = [
            ([:], "input \"\(name)\" is missing, expected float32 [any, 1, 28, 28]"),
            (
                [name: Tensor(shape: [1, 1, 28, 28], integers: Array(repeating: 0, count: 784))],
                "input \"\(name)\" is int64 [1, 1, 28, 28], expected float32 [any, 1, 28, 28]"
            ),
            (
                [name: rows],
                "input \"\(name)\" has shape [1, 1, 2, 28], expected float32 [any, 1, 28, 28]"
            ),
            (["other": rows], "there is no input \"other\"; the inputs are \(name)"),
        ]
        for (inputs, message) in cases {
            do throws(ModelError) {
                _ = try model.infer(inputs)
                Issue.record("expected: \(message)")
            } catch {
                #expect(error.description == message)
            }
        }
    }

    @Test func `bfloat16 rounds to the nearest, ties to even`() {
        let cases: [(Float, UInt16)] = [
            (1, 0x3F80), (-2.5, 0xC020), (1.00390625, 0x3F80), (1.01171875, 0x3F82),
            (.infinity, 0x7F80), (.greatestFiniteMagnitude, 0x7F80),
        ]
        for (value, bits) in cases { #expect(BFloat16(value).bitPattern == bits, "\(value)") }
        #expect(BFloat16(Float.nan).float.isNaN)
    }
}
