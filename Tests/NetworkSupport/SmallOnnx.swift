package import Foundation
package import OnnxFormat
import SwiftProtobuf

/// ONNX files of a few nodes, written by hand.
package enum SmallOnnx {
    package static func port(
        _ name: String,
        _ sizes: [Int64?] = [2],
        type: Int32 = 1
    ) -> OnnxValueInfoProto {
        .with {
            $0.name = name
            $0.type.tensorType.elemType = type
            $0.type.tensorType.shape.dim = sizes.map { size in
                .with { if let size { $0.dimValue = size } else { $0.dimParam = "any" } }
            }
        }
    }

    package static func tensor(
        _ name: String,
        _ dims: [Int64],
        _ values: [Float] = [1, 2]
    ) -> OnnxTensorProto {
        .with {
            $0.name = name
            $0.dataType = 1
            $0.dims = dims
            $0.floatData = values
        }
    }

    package static func node(_ op: String, _ from: [String], _ to: [String]) -> OnnxNodeProto {
        .with {
            $0.opType = op
            $0.input = from
            $0.output = to
        }
    }

    package static func model(
        _ nodes: [OnnxNodeProto],
        inputs: [OnnxValueInfoProto],
        outputs: [OnnxValueInfoProto],
        constants: [OnnxTensorProto] = []
    ) -> OnnxModelProto {
        var model = OnnxModelProto()
        model.opsetImport = [.with { $0.version = 20 }]
        model.graph.input = inputs
        model.graph.output = outputs
        model.graph.initializer = constants
        model.graph.node = nodes
        return model
    }

    /// A folder of its own with these files, gone after `body`.
    package static func inFolder<Result>(
        _ files: [String: Data],
        _ body: (URL) throws -> Result
    ) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "onnx-\(UInt64.random(in: 0...UInt64.max))"
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, data) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try data.write(to: file)
        }
        return try body(folder)
    }
}
