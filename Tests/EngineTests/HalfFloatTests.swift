import Compute
import Foundation
import KernelInterface
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models
@testable import Onnx

/// Floats of 16 bits, stored as they are and computed in float32.
@Suite struct HalfFloatTests {
    @Test func `every float16 number becomes float32 and back`() {
        for pattern in UInt16.min...UInt16.max {
            let half = Float16(bitPattern: pattern)
            let wide = HalfFloats.float(half: pattern)
            guard !half.isNaN else {
                #expect(wide.isNaN)
                continue
            }
            #expect(wide.bitPattern == Float(half).bitPattern)
            #expect(HalfFloats.half(wide) == pattern)
        }
    }

    /// Between two neighbours, exactly between them, and beside that.
    private static let numbers: [Float] = {
        var random = SeededGenerator(seed: 16)
        var numbers: [Float] = [0, -0.0, .infinity, -.infinity, 65_504, 65_519, 65_520, 1e9, 5e-8]
        for _ in 0..<5_000 {
            let half = Float16(bitPattern: UInt16.random(in: 0..<0x7C00, using: &random))
            let middle = (Float(half) + Float(half.nextUp)) / 2
            numbers += [middle, middle.nextUp, middle.nextDown, -middle]
            numbers.append(Float(bitPattern: UInt32.random(in: 0..<0x7F80_0000, using: &random)))
        }
        return numbers
    }()

    @Test func `float32 numbers are rounded to the nearest, ties to even`() {
        for number in Self.numbers {
            #expect(HalfFloats.half(number) == Float16(number).bitPattern, "\(number)")
        }
        #expect(Float16(bitPattern: HalfFloats.half(.nan)).isNaN)
    }

    @Test(
        "kernels round as casts do",
        arguments: KernelSet.supported,
        [ElementType.float16, .bfloat16]
    )
    func rounded(kernels: KernelSet, type: ElementType) throws {
        let numbers = Self.numbers + [.nan]
        let storage = FloatStorage(numbers)
        let function = ElementFunction(type == .float16 ? .half : .brainHalf)
        kernels.apply(function, storage.start, into: storage.start, count: numbers.count)
        let expected = try #require(
            Tensor.Elements.floats(numbers).converted(to: type)?.widened.floatValues
        )
        storage.start.withSpan(count: numbers.count) { span in
            for (index, value) in expected.enumerated() where !value.isNaN {
                #expect(span[index].bitPattern == value.bitPattern, "\(numbers[index])")
            }
            #expect(span[numbers.count - 1].isNaN)
        }
    }

    /// x of float16 → Conv → Relu → MatMul-like Conv, cast to float32 and back between.
    @Test func `a network of float16 answers what its float32 twin does, rounded at its end`()
        throws
    {
        var random = SeededGenerator(seed: 3)
        let weights = random.floats(8 * 4 * 3 * 3).map { Float16($0) }
        let pixels = random.floats(4 * 9 * 7).map { Float16($0) }
        let program = try Self.program(.halves(weights), input: .float16)
        let twin = try Self.program(.floats(weights.map { Float($0) }), input: .float32)
        let shape: Shape = [1, 4, 9, 7]
        let got = try program.run(
            ["x": Tensor(shape: shape, elements: .halves(pixels))],
            outputs: ["y", "r"],
            isCancelled: { false }
        )
        let expected = try twin.run(
            ["x": Tensor(shape: shape, floats: pixels.map { Float($0) })],
            outputs: ["y", "r"],
            isCancelled: { false }
        )
        #expect(got[0].elements == expected[0].elements.converted(to: .float16))
        #expect(got[1] == expected[1])
        let planned = program.wholePlan(
            like: ["x": Tensor(shape: shape, elements: .halves(pixels))],
            outputs: ["y"]
        )
        #expect(planned != nil)
    }

    private static func program(
        _ weights: Tensor.Elements,
        input: ElementType
    ) throws -> Program {
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "x", type: input, dimensions: [1, 4, 9, 7])]
        graph.constants = ["w": Tensor(shape: [8, 4, 3, 3], elements: weights)]
        graph.nodes = [
            Node(name: "c", op: "Conv", inputs: ["x", "w"], outputs: ["c"]),
            Node(name: "r", op: "Relu", inputs: ["c"], outputs: ["r"]),
            Node(
                name: "h",
                op: input == .float16 ? "Cast" : Narrow.name,
                attributes: ["to": .int(10)],
                inputs: ["r"],
                outputs: ["h"]
            ),
            Node(name: "s", op: "Softmax", inputs: ["h"], outputs: ["y"]),
        ]
        graph.outputs = ["y"]
        graph.outputInfo = [Graph.Input(name: "y", type: input, dimensions: [1, 8, 7, 5])]
        let tools = ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 1),
            memoryLimit: 1 << 28
        )
        return try Program(importing: graph, tools: tools)
    }

    @Test func `large constants of float16 stay in their file and are read as what they are`()
        throws
    {
        var random = SeededGenerator(seed: 5)
        let values = random.floats(1 << 19).map { Float16($0) }
        let bytes = Tensor.Elements.halves(values).bytes
        var proto = SmallOnnx.tensor("w", [1 << 19], [])
        (proto.dataType, proto.rawData) = (10, Data(bytes))
        let model = SmallOnnx.model(
            [SmallOnnx.node("Add", ["x", "w"], ["y"])],
            inputs: [SmallOnnx.port("x", [1], type: 10)],
            outputs: [SmallOnnx.port("y", [1 << 19], type: 10)],
            constants: [proto]
        )
        let data = try model.serializedBytes() as Data
        try SmallOnnx.inFolder(["model.onnx": data]) { folder in
            let graph = try OnnxFile.read(folder.appending(path: "model.onnx"))
            let constant = try #require(graph.constants["w"])
            #expect(constant.stored?.type == .float16)
            #expect(constant.elements == .halves(values))
            let widened = try #require(WidenedHalves(graph).graph.constants["w"])
            #expect(widened.floats == values.map { Float($0) })
        }
    }
}

extension Tensor.Elements {
    fileprivate var floatValues: [Float]? {
        if case .floats(let values) = self { values } else { nil }
    }
}
