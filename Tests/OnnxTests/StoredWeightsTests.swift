import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models
@testable import Onnx

/// Large tensors that stay in their file until they are asked for.
@Suite struct StoredWeightsTests {
    /// Every way a file can hold a tensor, each of 64 KiB and more: typed, raw, of integers, in a node, in a graph of a
    /// node, beside a small one.
    private static let model: OnnxModelProto = {
        var random = SeededGenerator(seed: 7)
        let numbers = random.floats(3 * 17_000)
        func floats(_ name: String, _ part: Int) -> OnnxTensorProto {
            SmallOnnx.tensor(name, [17_000], Array(numbers[part * 17_000..<(part + 1) * 17_000]))
        }
        var raw = floats("raw", 1)
        raw.rawData = Data(Tensor.Elements.floats(Array(numbers[17_000..<34_000])).bytes)
        raw.floatData = []
        var indices = OnnxTensorProto()
        (indices.name, indices.dataType, indices.dims) = ("indices", 7, [17_000])
        indices.rawData = Data(Tensor.Elements.integers((0..<17_000).map { 16_999 - $0 }).bytes)
        var constant = SmallOnnx.node("Constant", [], ["inner"])
        constant.attribute = [
            .with { ($0.name, $0.type, $0.t) = ("value", .tensor, floats("", 2)) }
        ]
        var branch = OnnxGraphProto()
        branch.node = [constant, SmallOnnx.node("Add", ["x", "inner"], ["sum"])]
        branch.output = [SmallOnnx.port("sum", [17_000])]
        var choice = SmallOnnx.node("If", ["always"], ["chosen"])
        choice.attribute = ["then_branch", "else_branch"].map { name in
            .with { ($0.name, $0.type, $0.g) = (name, .graph, branch) }
        }
        var always = OnnxTensorProto()
        (always.name, always.dataType, always.int32Data) = ("always", 9, [1])
        return SmallOnnx.model(
            [
                choice, SmallOnnx.node("Mul", ["chosen", "typed"], ["scaled"]),
                SmallOnnx.node("Sub", ["scaled", "raw"], ["less"]),
                SmallOnnx.node("Gather", ["less", "indices"], ["picked"]),
                SmallOnnx.node("Mul", ["picked", "two"], ["y"]),
            ],
            inputs: [SmallOnnx.port("x", [17_000])],
            outputs: [SmallOnnx.port("y", [17_000])],
            constants: [
                floats("typed", 0), raw, indices, always, SmallOnnx.tensor("two", [1], [2]),
            ]
        )
    }()

    private func answer(_ graph: Graph) throws -> [Tensor] {
        let tools = ProgramTools(
            kernels: try KernelSet.select(nil),
            workers: Workers(count: 1),
            memoryLimit: 1 << 30
        )
        let input = Tensor(shape: [17_000], floats: (0..<17_000).map { Float($0) / 1_000 })
        let program = try Program(graph, tools: tools)
        return try program.run(["x": input], outputs: graph.outputs, isCancelled: { false })
    }

    @Test func `a file whose tensors stay there answers what one read as a whole does`() throws {
        try SmallOnnx.inFolder(["m.onnx": Self.model.serializedBytes()]) { folder in
            let file = folder.appending(path: "m.onnx")
            let whole = try OnnxFile.read(file, smallestFile: .max)
            let parts = try OnnxFile.read(file, smallestFile: 1)
            #expect(whole.constants.values.allSatisfy { $0.stored == nil })
            #expect(try whole.constants == OnnxFile.decode(Data(contentsOf: file)).constants)
            let stored = parts.constants.filter { $0.value.stored != nil }
            #expect(Set(stored.keys) == ["typed", "raw"])
            for (name, tensor) in whole.constants {
                #expect(try parts.constants[name]?.loaded() == tensor, "\(name)")
            }
            #expect(try answer(parts) == answer(whole))
        }
    }

    @Test func `a file that is replaced or removed can still be read`() throws {
        try SmallOnnx.inFolder(["m.onnx": Self.model.serializedBytes()]) { folder in
            let file = folder.appending(path: "m.onnx")
            let expected = try answer(OnnxFile.read(file, smallestFile: .max))
            let parts = try OnnxFile.read(file, smallestFile: 1)
            try Data("another".utf8).write(to: file, options: .atomic)
            #expect(try answer(parts) == expected)
            try FileManager.default.removeItem(at: file)
            #expect(try answer(parts) == expected)
        }
    }

    @Test(
        "a file that is overwritten in place is found out",
        arguments: ["cut", "other bytes"]
    )
    func overwritten(how: String) throws {
        let bytes: Data = try Self.model.serializedBytes()
        try SmallOnnx.inFolder(["m.onnx": bytes]) { folder in
            let file = folder.appending(path: "m.onnx")
            let parts = try OnnxFile.read(file, smallestFile: 1)
            let handle = try FileHandle(forWritingTo: file)
            if how == "cut" {
                try handle.truncate(atOffset: 10)
            } else {
                try handle.write(contentsOf: Data(repeating: 1, count: bytes.count))
            }
            try handle.close()
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: 60)],
                ofItemAtPath: file.path
            )
            let changed = ModelError.file(name: "m.onnx", reason: "has changed since it was loaded")
            #expect(throws: changed) { try parts.constants["raw"]?.loaded() }
            #expect(throws: changed) { try answer(parts) }
        }
    }

    @Test func `cut files are refused, and none traps`() throws {
        let bytes: Data = try Self.model.serializedBytes()
        for percent in 0..<100 {
            let cut = bytes.prefix(bytes.count * percent / 100)
            try SmallOnnx.inFolder(["m.onnx": cut]) { folder in
                let file = folder.appending(path: "m.onnx")
                #expect(throws: ModelError.self) { try OnnxFile.read(file, smallestFile: 1) }
            }
        }
    }

    @Test func `flipped bytes never trap, whether tensors stay in the file or not`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bytes: Data = try Self.model.serializedBytes()
        // Data between the headers says nothing about how a file is read.
        let headers = [0..<400, bytes.count - 1_200..<bytes.count].flatMap { Array($0) }
        for _ in 0..<300 {
            var flipped = bytes
            let place = headers[random.int(0...headers.count - 1)]
            flipped[place] = UInt8(random.int(0...255))
            try SmallOnnx.inFolder(["m.onnx": flipped]) { folder in
                let file = folder.appending(path: "m.onnx")
                let parts = try? OnnxFile.read(file, smallestFile: 1)
                let whole = try? OnnxFile.read(file, smallestFile: .max)
                // The generated code alone, without an outline of the file.
                let decoded = try? OnnxFile.decode(flipped)
                let comment = "byte \(place) is \(flipped[place])"
                #expect((parts == nil) == (whole == nil), "\(comment)")
                #expect((parts == nil) == (decoded == nil), "\(comment)")
            }
        }
    }
}
