package import Files
package import FoundationEssentials
import Glibc
package import Graph
import OnnxFormat
import SwiftProtobuf

/// An ONNX file.
package enum OnnxFile {
    /// Reads a model of its folder; the large tensors of a large file stay there until they are asked for.
    ///
    /// - Throws: an error that says what is wrong with the file.
    package static func read(
        _ name: String,
        in files: ModelFiles,
        smallestFile: Int = WeightFile.smallestFile
    ) throws(ModelError) -> Graph {
        let opened = try files.weights(name)
        if let mistake = try FileMistakes.description(of: opened) {
            throw .file(name: name, reason: mistake)
        }
        let file = WeightFile(opened, smallestFile: smallestFile)
        // Whether they stay there or not: read one by one, tensors are in memory once.
        let model = try decoded(outline(file, files), name)
        guard model.hasGraph else { throw .file(name: name, reason: "holds no graph") }
        var graph = try OnnxImport.graph(model, tensors: OnnxTensors(file: file, files: files))
        graph.metadata = OnnxMetadata.read(file)
        return graph
    }

    /// Reads a model that lies by itself.
    package static func read(
        _ place: URL,
        smallestFile: Int = WeightFile.smallestFile
    ) throws(ModelError) -> Graph {
        try read(
            place.lastPathComponent,
            in: ModelFiles(place.deletingLastPathComponent()),
            smallestFile: smallestFile
        )
    }

    /// Reads a model from memory; it has no external data.
    package static func decode(_ data: Data) throws(ModelError) -> Graph {
        guard let model = try? OnnxModelProto(serializedBytes: data, options: options) else {
            throw .invalidWeights("the bytes are not a valid ONNX model")
        }
        return try OnnxImport.graph(model, tensors: OnnxTensors(file: nil, files: nil))
    }

    /// The file's bytes without large tensors, what they take as messages counted before.
    private static func outline(
        _ file: WeightFile,
        _ files: ModelFiles
    ) throws(ModelError) -> Data {
        try files.take(try OnnxSize.decoded(file, limit: files.byteLimit), for: file.name)
        if let data = try OnnxOutline.read(file) { return data }
        try files.take(file.size, for: file.name)
        return Data(try file.bytes(0..<file.size))
    }

    private static func decoded(_ data: Data, _ name: String) throws(ModelError) -> OnnxModelProto {
        do {
            return try OnnxModelProto(serializedBytes: data, options: options)
        } catch BinaryDecodingError.truncated {
            throw .file(name: name, reason: "is cut off: it ends in the middle; copy it again")
        } catch {
            throw .file(name: name, reason: "is not a valid ONNX file: \(error)")
        }
    }

    private static var options: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        options.messageDepthLimit = 128
        return options
    }
}
