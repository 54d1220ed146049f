import Foundation
import OnnxFormat
import SwiftProtobuf

/// An ONNX file.
enum OnnxFile {
    /// Reads a model; the file is mapped, so that only its tensors are copied.
    ///
    /// - Throws: an error that says what is wrong with the file.
    static func read(_ file: URL) throws(ModelError) -> Graph {
        let model: OnnxModelProto
        do {
            let data = try Data(contentsOf: file, options: .alwaysMapped)
            model = try OnnxModelProto(serializedBytes: data, options: options)
        } catch let error as BinaryDecodingError {
            throw .file(name: file.lastPathComponent, reason: "is not a valid ONNX file: \(error)")
        } catch {
            let exists = FileManager.default.fileExists(atPath: file.path)
            throw .file(
                name: file.lastPathComponent,
                reason: exists ? "cannot be read" : "is missing"
            )
        }
        return try OnnxImport.graph(model, folder: file.deletingLastPathComponent())
    }

    /// Reads a model from memory; it has no external data.
    static func decode(_ data: Data) throws(ModelError) -> Graph {
        guard let model = try? OnnxModelProto(serializedBytes: data, options: options) else {
            throw .invalidWeights("the bytes are not a valid ONNX model")
        }
        return try OnnxImport.graph(model, folder: nil)
    }

    private static var options: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        options.messageDepthLimit = 128
        return options
    }
}
