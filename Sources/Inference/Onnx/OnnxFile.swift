import Foundation
import OnnxFormat
import SwiftProtobuf

/// An ONNX file.
enum OnnxFile {
    /// Reads a model; the large tensors of a large file stay there until they are asked for.
    ///
    /// - Throws: an error that says what is wrong with the file.
    static func read(
        _ place: URL,
        smallestFile: Int = WeightFile.smallestFile
    ) throws(ModelError) -> Graph {
        func fail(_ reason: String) -> ModelError {
            .file(name: place.lastPathComponent, reason: reason)
        }
        guard let file = WeightFile(place, smallestFile: smallestFile) else {
            let exists = FileManager.default.fileExists(atPath: place.path)
            throw fail(exists ? "cannot be read" : "is missing")
        }
        let model: OnnxModelProto
        do {
            // Whether they stay there or not: read one by one, tensors are in memory once.
            let data = try OnnxOutline.read(file) ?? Data(file.bytes(0..<file.size))
            model = try OnnxModelProto(serializedBytes: data, options: options)
        } catch let error as ModelError {
            throw error
        } catch {
            throw fail("is not a valid ONNX file: \(error)")
        }
        let tensors = OnnxTensors(file: file, folder: place.deletingLastPathComponent())
        return try OnnxImport.graph(model, tensors: tensors)
    }

    /// Reads a model from memory; it has no external data.
    static func decode(_ data: Data) throws(ModelError) -> Graph {
        guard let model = try? OnnxModelProto(serializedBytes: data, options: options) else {
            throw .invalidWeights("the bytes are not a valid ONNX model")
        }
        return try OnnxImport.graph(model, tensors: OnnxTensors(file: nil, folder: nil))
    }

    private static var options: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        options.messageDepthLimit = 128
        return options
    }
}
