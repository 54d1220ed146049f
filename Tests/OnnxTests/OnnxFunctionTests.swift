import Files
import Foundation
import Graph
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

@testable import Onnx

/// Functions that call each other take what their calls take, not what the file says of them once.
@Suite struct OnnxFunctionTests {
    private func node(_ op: String, _ input: String, _ output: String) -> OnnxNodeProto {
        .with {
            $0.opType = op
            $0.domain = op.hasPrefix("F") ? "own" : ""
            $0.input = [input]
            $0.output = [output]
        }
    }

    /// F0 computes y from x by `last`; each of the others calls the one before twice.
    private func model(depth: Int, last: [OnnxNodeProto]) -> OnnxModelProto {
        .with {
            $0.irVersion = 8
            $0.opsetImport = [
                .with { $0.version = 17 },
                .with {
                    $0.domain = "own"
                    $0.version = 1
                },
            ]
            $0.functions = (0..<depth).map { level in
                .with {
                    $0.name = "F\(level)"
                    $0.domain = "own"
                    $0.input = ["x"]
                    $0.output = ["y"]
                    $0.node =
                        level == 0
                        ? last
                        : [node("F\(level - 1)", "x", "m"), node("F\(level - 1)", "m", "y")]
                }
            }
            $0.graph.input = [
                .with {
                    $0.name = "a"
                    $0.type.tensorType.elemType = 1
                }
            ]
            $0.graph.node = [node("F\(depth - 1)", "a", "b")]
            $0.graph.output = [
                .with {
                    $0.name = "b"
                    $0.type.tensorType.elemType = 1
                }
            ]
        }
    }

    private func read(
        _ model: OnnxModelProto,
        byteLimit: Int = 32 << 20,
        isLeft: @escaping @Sendable () -> Bool = { false }
    ) throws -> Graph {
        try SmallOnnx.inFolder(["model.onnx": try model.serializedBytes() as Data]) { folder in
            try OnnxFile.read(
                "model.onnx",
                in: ModelFiles(folder, byteLimit: byteLimit, isLeft: isLeft)
            )
        }
    }

    @Test func `calls are put in place`() throws {
        #expect(try read(model(depth: 5, last: [node("Relu", "x", "y")])).nodes.count == 16)
    }

    @Test func `texts and tensors of a function are counted for each call`() throws {
        var named = node("Relu", "x", "y")
        named.name = String(repeating: "n", count: 10_000)
        var constant = node("Constant", "", "unused")
        constant.input = []
        constant.attribute = [
            .with {
                $0.name = "value"
                $0.type = .tensor
                $0.t.dataType = 1
                $0.t.dims = [2500]
                $0.t.rawData = Data(count: 10_000)
            }
        ]
        for last in [[named], [constant, node("Relu", "x", "y")]] {
            #expect(try read(model(depth: 9, last: last)).nodes.count >= 256)
            #expect {
                _ = try read(model(depth: 14, last: last))
            } throws: {
                "\($0)".contains("load_bytes")
            }
        }
    }

    @Test func `a load that nobody waits for ends`() throws {
        #expect(throws: ModelError.cancelled) {
            try read(model(depth: 9, last: [node("Relu", "x", "y")]), isLeft: { true })
        }
    }
}
