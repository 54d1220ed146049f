import Compute
package import Foundation
package import Graph
package import Models

/// Writes a model folder for a test and removes it afterwards.
package struct ModelFolderBuilder: ~Copyable {
    package let folder = FileManager.default.temporaryDirectory
        .appending(path: "striate-test-\(UUID().uuidString)")

    package init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    package func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: file))
    }

    package func write(_ tensors: [String: Tensor]) throws {
        try SafeTensorsWriter.encode(tensors).write(to: folder.appending(path: "model.safetensors"))
    }

    package func load() throws -> Model {
        try Model(folder: folder, kernels: KernelSet.select(nil), workers: Workers(count: 1))
    }
}

/// The format that `SafeTensors` reads.
package enum SafeTensorsWriter {
    package static func encode(_ tensors: [String: Tensor]) -> Data {
        var entries: [String] = []
        var body = Data()
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let start = body.count
            for value in tensor.floats ?? [] {
                for shift in [0, 8, 16, 24] {
                    body.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
                }
            }
            let shape = "\(tensor.shape)"
            entries.append(
                #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(body.count)]}"#
            )
        }
        return file(header: "{" + entries.joined(separator: ",") + "}", body: body)
    }

    package static func file(header: String, body: Data) -> Data {
        let length = UInt64(header.utf8.count)
        var data = Data()
        for shift in stride(from: 0, to: 64, by: 8) {
            data.append(UInt8(truncatingIfNeeded: length >> UInt64(shift)))
        }
        return data + Data(header.utf8) + body
    }
}
