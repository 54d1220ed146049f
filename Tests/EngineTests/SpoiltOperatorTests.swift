import Compute
import Foundation
import OnnxFormat
import SwiftProtobuf
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models
@testable import Onnx

/// Valid cases with something spoilt in them: whatever that is, it is answered or refused, and never traps.
@Suite struct SpoiltOperatorTests {
    private static let rounds = 5

    @Test("is answered or refused, whatever is spoilt", arguments: OnnxCase.committed)
    func isRefused(_ testCase: OnnxCase) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var spoiler = Spoiler(seed: seed)
        let whole = try OnnxModelProto(
            serializedBytes: Data(contentsOf: testCase.folder.appending(path: "model.onnx"))
        )
        let inputs = try testCase.inputs()
        for round in 0..<Self.rounds {
            var model = whole
            var given = inputs
            spoiler.spoil(&model, &given)
            // A trap would end the process: the last line says what led to it.
            let answer = Result { try Self.run(model, given) }
            if case .failure(let error) = answer, !(error is ModelError) {
                Issue.record("\(testCase), seed \(seed), round \(round): \(error)")
            }
        }
    }

    private static func run(_ proto: OnnxModelProto, _ inputs: [Tensor]) throws {
        try SmallOnnx.inFolder(["m.onnx": proto.serializedBytes()]) { folder in
            let model = try Model(
                onnx: folder.appending(path: "m.onnx"),
                name: "m",
                kernels: KernelSet.select(nil),
                workers: Workers(count: 1),
                memoryLimit: 16 << 20
            )
            let named = zip(model.signature.inputs.map(\.name), inputs)
            _ = try model.infer(Dictionary(named) { first, _ in first })
        }
    }
}

/// Small damages, the same for the same seed.
private struct Spoiler {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func spoil(_ model: inout OnnxModelProto, _ inputs: inout [Tensor]) {
        for index in model.graph.input.indices {
            // Nothing declared keeps a tensor from the operator.
            model.graph.input[index].type.tensorType.clearShape()
        }
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            if Bool.random(using: &random), !inputs.isEmpty {
                let index = Int.random(in: 0..<inputs.count, using: &random)
                inputs[index] = spoilt(inputs[index])
            } else {
                let index = Int.random(in: 0..<model.graph.node.count, using: &random)
                spoil(&model.graph.node[index])
            }
        }
    }

    private mutating func spoil(_ node: inout OnnxNodeProto) {
        let choices = node.attribute.count + 2
        switch Int.random(in: 0..<choices, using: &random) {
        case 0 where !node.input.isEmpty:
            node.input[Int.random(in: 0..<node.input.count, using: &random)] = ""
        case 1 where node.output.count > 1: node.output.removeLast()
        case let choice where choice >= 2: spoil(&node.attribute[choice - 2])
        default: break
        }
    }

    private mutating func spoil(_ attribute: inout OnnxAttributeProto) {
        let sizes: [Int64] = [0, 1, -1, 2, 3, 7, 1 << 20, 1 << 31, 1 << 40, .max, .min]
        let numbers: [Float] = [0, -1, .nan, .infinity, 1e38, -1e38, 1e-38]
        switch attribute.type {
        case .int: attribute.i = sizes.randomElement(using: &random) ?? 0
        case .float: attribute.f = numbers.randomElement(using: &random) ?? 0
        case .string: attribute.s = Data("spoilt".utf8)
        case .floats: attribute.floats = attribute.floats.map { _ in numbers[0] }.dropLast()
        case .ints:
            if Bool.random(using: &random) {
                attribute.ints = attribute.ints.dropLast()
            } else if let index = attribute.ints.indices.randomElement(using: &random) {
                attribute.ints[index] = sizes.randomElement(using: &random) ?? 0
            }
        default: attribute.name = "unknown"
        }
    }

    private mutating func spoilt(_ tensor: Tensor) -> Tensor {
        var shape = tensor.shape.dimensions
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            // No elements.
            if shape.isEmpty { shape = [0] } else { shape[shape.count - 1] = 0 }
            return Tensor(shape: Shape(shape), elements: .zeros(0, tensor.type))
        case 1: return Tensor(shape: Shape(shape + [1]), elements: tensor.elements)
        case 2: return Tensor(shape: [tensor.count], elements: tensor.elements)
        case 3:
            // One element less.
            guard shape.count > 0, tensor.count > 0 else { return tensor }
            let count = tensor.count - 1
            return Tensor(
                shape: [count],
                elements: tensor.elements.picking(Array(0..<count))
            )
        default: return strange(tensor)
        }
    }

    /// The same shape with values that nobody expects.
    private mutating func strange(_ tensor: Tensor) -> Tensor {
        let values: [Double] = [0, -1, 1e30, -1e30, .nan, .infinity, -.infinity, 1e9, 0.5]
        let integers: [Int] = [0, -1, 7, 1 << 20, 1 << 40, .max, .min]
        let value = values.randomElement(using: &random) ?? 0
        let integer = integers.randomElement(using: &random) ?? 0
        let one = Int.random(in: 0..<max(tensor.count, 1), using: &random)
        let floats = (tensor.elements.doubles ?? []).enumerated().map {
            $0.offset == one ? value : $0.element
        }
        let numbers = (tensor.elements.signed ?? []).enumerated().map {
            $0.offset == one ? integer : $0.element
        }
        let elements =
            Tensor.Elements(floats, as: tensor.type) ?? Tensor.Elements(numbers, as: tensor.type)
        guard let elements, elements.count == tensor.count else { return tensor }
        return Tensor(shape: tensor.shape, elements: elements)
    }
}
