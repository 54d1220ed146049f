import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

@testable import Graph
@testable import Models
@testable import Onnx

/// Files that contradict themselves: each is refused with what is wrong, before memory is taken.
@Suite struct OnnxContradictionTests {
    struct Lie: Sendable, CustomTestStringConvertible {
        let name: String
        let words: String
        let tell: @Sendable (inout OnnxModelProto) -> Void

        var testDescription: String { name }
    }

    /// y = x + w, with w [2].
    private static func honest() -> OnnxModelProto {
        SmallOnnx.model(
            [node("Add", ["x", "w"], ["y"])],
            inputs: [port("x")],
            outputs: [port("y")],
            constants: [tensor("w", [2])]
        )
    }

    private static func port(_ name: String) -> OnnxValueInfoProto { SmallOnnx.port(name) }

    private static func tensor(_ name: String, _ dims: [Int64]) -> OnnxTensorProto {
        SmallOnnx.tensor(name, dims)
    }

    private static func node(_ op: String, _ from: [String], _ to: [String]) -> OnnxNodeProto {
        SmallOnnx.node(op, from, to)
    }

    private static func external(_ entries: [String: String]) -> OnnxTensorProto {
        .with {
            $0.name = "w"
            $0.dataType = 1
            $0.dims = [2]
            $0.dataLocation = .external
            $0.externalData = entries.map { entry in
                .with {
                    $0.key = entry.key
                    $0.value = entry.value
                }
            }
        }
    }

    static let lies: [Lie] = [
        Lie(name: "a cycle", words: "a cycle") {
            $0.graph.node = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])]
            $0.graph.output = [port("b")]
        },
        Lie(name: "a node that reads itself", words: "a cycle") {
            $0.graph.node = [node("Relu", ["y"], ["y"])]
        },
        Lie(name: "a value made twice", words: "made twice") {
            $0.graph.node.append(node("Relu", ["x"], ["y"]))
        },
        Lie(name: "a constant twice", words: "there twice") {
            $0.graph.initializer.append(tensor("w", [2]))
        },
        Lie(name: "an input twice", words: "there twice") { $0.graph.input.append(port("x")) },
        Lie(name: "an output twice", words: "there twice") { $0.graph.output.append(port("y")) },
        Lie(name: "an output that nothing makes", words: "nothing makes") {
            $0.graph.output = [port("z")]
        },
        Lie(name: "huge dimensions", words: "shape") {
            $0.graph.initializer = [tensor("w", [1 << 40, 1 << 40])]
        },
        Lie(name: "one huge dimension", words: "shape") {
            $0.graph.initializer = [tensor("w", [.max])]
        },
        Lie(name: "a negative size", words: "shape") {
            $0.graph.initializer = [tensor("w", [-2])]
        },
        Lie(name: "fewer numbers than the shape has", words: "elements") {
            $0.graph.initializer = [tensor("w", [3])]
        },
        Lie(name: "fewer bytes than the shape has", words: "bytes") {
            $0.graph.initializer[0].floatData = []
            $0.graph.initializer[0].rawData = Data(count: 7)
        },
        Lie(name: "data outside of the folder", words: "outside of the model's folder") {
            $0.graph.initializer = [external(["location": "../secret"])]
        },
        Lie(name: "data at an absolute path", words: "outside of the model's folder") {
            $0.graph.initializer = [external(["location": "/etc/hostname"])]
        },
        Lie(
            name: "data in a file that is missing",
            words: "missing: is missing, and \"w\" has its data there"
        ) {
            $0.graph.initializer = [external(["location": "missing"])]
        },
        Lie(name: "an offset behind the data", words: "which has only 16: it is cut off") {
            $0.graph.initializer = [external(["location": "data", "offset": "12"])]
        },
        Lie(name: "an endless offset", words: "which has only 16: it is cut off") {
            $0.graph.initializer = [external(["location": "data", "offset": "\(UInt64.max)"])]
        },
        Lie(name: "a negative offset", words: "where its data begins") {
            $0.graph.initializer = [external(["location": "data", "offset": "-4"])]
        },
        Lie(name: "another length", words: "bytes for") {
            $0.graph.initializer = [external(["location": "data", "length": "80"])]
        },
        Lie(name: "a future operator set", words: "operator set 999") {
            $0.opsetImport = [.with { $0.version = 999 }]
        },
        Lie(name: "an operator that nobody knows", words: "\"Imagine\" is not supported") {
            $0.graph.node[0].opType = "Imagine"
        },
        Lie(name: "an attribute that nobody knows", words: "shade") {
            $0.graph.node[0].attribute = [
                .with {
                    $0.name = "shade"
                    $0.type = .int
                }
            ]
        },
        Lie(name: "a function that calls itself", words: "calls itself") {
            $0.functions = [
                .with {
                    $0.name = "F"
                    $0.domain = "own"
                    $0.input = ["a"]
                    $0.output = ["b"]
                    $0.node = [node("F", ["a"], ["b"])]
                    $0.node[0].domain = "own"
                }
            ]
            $0.graph.node[0] = node("F", ["x"], ["y"])
            $0.graph.node[0].domain = "own"
        },
    ]

    private func load(_ model: OnnxModelProto) throws -> Model {
        let files = ["model.onnx": try model.serializedBytes() as Data, "data": Data(count: 16)]
        return try SmallOnnx.inFolder(files) { folder in
            try Model(
                onnx: folder.appending(path: "model.onnx"),
                name: "lie",
                kernels: KernelSet.select(nil),
                workers: Workers(count: 1)
            )
        }
    }

    @Test func `the honest file computes, and one with external data`() throws {
        let x = Tensor(shape: [2], floats: [3, 4])
        #expect(try load(Self.honest()).infer(["x": x])[0].tensor.floats == [4, 6])
        var model = Self.honest()
        model.graph.initializer = [Self.external(["location": "data", "offset": "8"])]
        #expect(try load(model).infer(["x": x])[0].tensor.floats == [3, 4])
    }

    @Test("is refused with a sentence", arguments: lies)
    func refused(_ lie: Lie) throws {
        var model = Self.honest()
        lie.tell(&model)
        do {
            _ = try load(model)
            Issue.record("the file was taken")
        } catch let error as ModelError {
            #expect(error.description.contains(lie.words), "\(error)")
        }
    }

    @Test func `everything that is not supported stands in one sentence`() throws {
        var model = Self.honest()
        model.graph.node = [
            Self.node("Imagine", ["x"], ["a"]), Self.node("Dream", ["a"], ["b"]),
            Self.node("Add", ["b", "w"], ["y"]),
        ]
        model.graph.node[2].attribute = [
            .with {
                $0.name = "shade"
                $0.type = .int
            }
        ]
        do {
            _ = try load(model)
            Issue.record("the file was taken")
        } catch let error as ModelError {
            for word in ["Imagine", "Dream", "shade"] {
                #expect(error.description.contains(word), "\(error)")
            }
        }
    }
}
