import Compute
import Foundation
import Graph
import Logging
import Models
import Onnx
import Testing

@testable import Service

/// A service over small random models made for a test.
enum SmallModels {
    /// A model of symbols a, b, c, d: its layers in model.json's words, and the shapes of its tensors.
    struct Model {
        let name: String
        let task: String
        let layers: String
        let shapes: [String: [Int]]
        var members = ""
        /// In place of layers and tensors.
        var onnx: Data?
    }

    static func service(_ models: [Model]) throws -> Service {
        let root = FileManager.default.temporaryDirectory
            .appending(path: "striate-small-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for model in models {
            let folder = root.appending(path: model.name)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let layers =
                model.onnx == nil
                ? #", "layers": [{"name": "onehot", "op": "OneHot"}, \#(model.layers)]"# : ""
            let text = """
                {"name": "\(model.name)", "task": "\(model.task)", \(model.members)
                 "input": {"name": "tokens", "vocabulary": "vocabulary.json"}\(layers)}
                """
            try Data(text.utf8).write(to: folder.appending(path: "model.json"))
            try Data(#"["a", "b", "c", "d"]"#.utf8)
                .write(to: folder.appending(path: "vocabulary.json"))
            try Data("w\nx\ny\nz\n".utf8).write(to: folder.appending(path: "labels.txt"))
            if let onnx = model.onnx {
                try onnx.write(to: folder.appending(path: "model.onnx"))
                continue
            }
            try safeTensors(model.shapes).write(to: folder.appending(path: "model.safetensors"))
        }
        let repository = ModelRepository(
            folders: [root],
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 1)
        )
        #expect(repository.failures.isEmpty, "\(repository.failures)")
        var configuration = Configuration()
        // However slow the tests are: under the thread sanitizer, say.
        configuration.queueMilliseconds = 3_600_000
        return Service(
            repository: repository,
            configuration: configuration,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    /// Tensors of numbers that look random and are the same each time.
    static func safeTensors(_ shapes: [String: [Int]]) -> Data {
        var (entries, body) = ([String](), Data())
        for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
            let start = body.count
            for index in 0..<shape.reduce(1, *) {
                let value = Float(((index + start) * 7919 % 1009) - 504) / 600
                for shift in [0, 8, 16, 24] as [UInt32] {
                    body.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
                }
            }
            entries.append(
                #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(body.count)]}"#
            )
        }
        let header = Data("{\(entries.joined(separator: ","))}".utf8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        return Data(length) + header + body
    }
}
