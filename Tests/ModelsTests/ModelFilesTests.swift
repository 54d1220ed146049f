import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

@testable import Engine
@testable import Files
@testable import Graph
@testable import Models
@testable import Onnx

#if canImport(Glibc)
import Glibc
#endif

/// Which files of a models' folder are read, and what is said of the others.
@Suite final class ModelFilesTests {
    private let builder: ModelFolderBuilder
    private var folder: URL { builder.folder }

    init() throws {
        builder = try ModelFolderBuilder()
    }

    private func place(_ path: String) -> URL { folder.appending(path: path) }

    private func write(_ data: Data, to path: String) throws {
        try FileManager.default.createDirectory(
            at: place(path).deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try data.write(to: place(path))
    }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createDirectory(
            at: place(path).deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try FileManager.default.createSymbolicLink(
            atPath: place(path).path,
            withDestinationPath: target
        )
    }

    private func repository(_ path: String = "") throws -> ModelRepository {
        ModelRepository(
            folders: [path.isEmpty ? folder : place(path)],
            kernels: try KernelSet.select(nil),
            workers: Workers(count: 1)
        )
    }

    private func reason(_ path: String = "") throws -> String {
        try repository(path).failures.map { "\($0.error)" }.joined(separator: "; ")
    }

    /// y = x + w, with w inside, or in the file `data`.
    static func sum(external data: String? = nil) throws -> Data {
        var model = SmallOnnx.model(
            [SmallOnnx.node("Add", ["x", "w"], ["y"])],
            inputs: [SmallOnnx.port("x")],
            outputs: [SmallOnnx.port("y")],
            constants: [SmallOnnx.tensor("w", [2])]
        )
        if let data {
            model.graph.initializer[0].floatData = []
            model.graph.initializer[0].dataLocation = .external
            model.graph.initializer[0].externalData = [
                .with { ($0.key, $0.value) = ("location", data) }
            ]
        }
        return try model.serializedBytes()
    }

    private static let manifest = """
        {"name": "net", "task": "image-features",
         "input": {"name": "image", "channels": 1, "height": 2, "width": 2},
         "layers": [{"name": "relu", "op": "Relu"}], "outputs": ["relu"]}
        """

    /// The files that a model of every kind is made of, each in turn.
    private static let parts = [
        "model.json", "labels.txt", "vocabulary.json", "examples/one.txt", "check.json",
        "model.safetensors", "model.onnx", "data",
    ]

    private func writeModel(with part: String) throws {
        if ["model.onnx", "data"].contains(part) {
            try write(Self.sum(external: "data"), to: "net/model.onnx")
            try write(Data(count: 8), to: "net/data")
            return
        }
        let text = """
            {"name": "net", "task": "next-symbol", "labels": "labels.txt", "examples": ["one.txt"],
             "input": {"name": "tokens", "vocabulary": "vocabulary.json"},
             "layers": [{"name": "hot", "op": "OneHot"}], "outputs": ["hot"]}
            """
        try write(Data(text.utf8), to: "net/model.json")
        try write(Data("a\nb".utf8), to: "net/labels.txt")
        try write(Data(#"["a", "b"]"#.utf8), to: "net/vocabulary.json")
        try write(Data("ab".utf8), to: "net/examples/one.txt")
        try write(Data(#"{"tolerance": 1, "cases": []}"#.utf8), to: "net/check.json")
        try write(SafeTensorsWriter.encode([:]), to: "net/model.safetensors")
    }

    @Test(arguments: parts)
    func `a named pipe is refused at once and the others are served`(part: String) throws {
        try writeModel(with: part)
        #expect(try reason() == "", "the model is right before")
        try FileManager.default.removeItem(at: place("net/\(part)"))
        #expect(unsafe mkfifo(place("net/\(part)").path, 0o600) == 0)
        try write(Data(Self.manifest.replacing("net", with: "other").utf8), to: "other/model.json")
        let start = ContinuousClock.now
        let repository = try repository()
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(repository.models.map(\.name) == ["other"])
        let failure = try #require(repository.failures.first)
        #expect("\(failure.error)".contains("\(part): is a named pipe, not a file"))
        #expect(failure.name == "net")
    }

    @Test(arguments: parts)
    func `devices, sockets, folders and links to nothing are said to be so`(part: String) throws {
        try writeModel(with: part)
        let victim = place("net/\(part)")
        try FileManager.default.removeItem(at: victim)
        try link("net/\(part)", to: "/dev/zero")
        #expect(try reason().contains("is a device"))
        try FileManager.default.removeItem(at: victim)
        try link("net/\(part)", to: "nowhere")
        #expect(try reason().contains("\(part): is a link to something that is missing"))
        guard !["model.json", "model.onnx"].contains(part) else { return }
        try FileManager.default.removeItem(at: victim)
        try FileManager.default.createDirectory(at: victim, withIntermediateDirectories: true)
        #expect(try reason().contains("\(part): is a folder, not a file"))
    }

    @Test(arguments: ["../secret", "/etc/passwd", "a/../../secret", "..", "\u{0}", "a\u{0}b"])
    func `names in a model stay inside of its folder as written`(name: String) throws {
        try write(Data("secret".utf8), to: "secret")
        try write(Data("secret".utf8), to: "models/net/a\u{0}b".replacing("\u{0}b", with: ""))
        try write(Self.sum(external: name), to: "models/net/model.onnx")
        let weights = try reason("models")
        #expect(weights.contains("outside of the model's folder"), "\(weights)")
        let escaped = name.replacing("\u{0}", with: "\\u0000")
        for field in ["\"labels\": \"\(escaped)\"", "\"examples\": [\"\(escaped)\"]"] {
            let text = Self.manifest.replacing("\"outputs\"", with: "\(field), \"outputs\"")
            try? FileManager.default.removeItem(at: place("models/net"))
            try write(Data(text.utf8), to: "models/net/model.json")
            let reason = try reason("models")
            #expect(
                reason.contains("outside of the model's folder")
                    || reason.contains("names of files in examples/"),
                "\(reason)"
            )
        }
    }

    @Test(arguments: [
        "labels.txt", "vocabulary.json", "examples/one.txt", "check.json", "model.json",
    ])
    func `texts are read through links inside of the repository only`(part: String) throws {
        try writeModel(with: part)
        try FileManager.default.moveItem(at: place("net"), to: place("models/net"), making: true)
        try FileManager.default.moveItem(at: place("models/net/\(part)"), to: place("elsewhere"))
        try link("models/net/\(part)", to: place("elsewhere").path)
        let reason = try reason("models")
        #expect(reason.contains("\(part): is a link out of the models' folder"), "\(reason)")
        // The same behind a link inside of the repository, as volumes are made of.
        try FileManager.default.moveItem(
            at: place("elsewhere"),
            to: place("models/..data/x"),
            making: true
        )
        try FileManager.default.removeItem(at: place("models/net/\(part)"))
        try link("models/net/\(part)", to: place("models/..data/x").path)
        #expect(try self.reason("models") == "")
    }

    @Test func `weights are read where an operator's links lead`() throws {
        // As in a cache of Hugging Face.
        try write(Self.sum(external: "model.onnx_data"), to: "hub/blobs/1")
        try write(Data(count: 8), to: "hub/blobs/2")
        try link("hub/snapshots/net/model.onnx", to: "../../blobs/1")
        try link("hub/snapshots/net/model.onnx_data", to: "../../blobs/2")
        #expect(try reason("hub/snapshots") == "")
        // As KServe mounts a volume.
        try write(Self.sum(external: "weights"), to: "volume/net/..2026/model.onnx")
        try write(Data(count: 8), to: "volume/net/..2026/weights")
        try link("volume/net/..data", to: "..2026")
        try link("volume/net/model.onnx", to: "..data/model.onnx")
        try link("volume/net/weights", to: "..data/weights")
        #expect(try reason("volume") == "")
        #expect(try repository("volume").models.map(\.name) == ["net"])
        // The model's folder is itself a link.
        try writeModel(with: "model.json")
        try FileManager.default.moveItem(at: place("net"), to: place("store/v7"), making: true)
        try link("linked/net", to: "../store/v7")
        #expect(try repository("linked").models.map(\.name) == ["net"])
    }

    @Test(
        arguments: [
            ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
            ("", "is empty"),
            ("<!DOCTYPE html><html><body>404</body></html>", "is a web page"),
            ("\n <html>", "is a web page"),
            ("PK\u{3}\u{4}....archive/data.pkl", "is a PyTorch file"),
            ("PK\u{3}\u{4}....model.onnx", "is a zip archive"),
            ("GGUF....", "is a GGUF file"),
            ("\u{14}\0\0\0TFL3\0\0", "is a TensorFlow Lite file"),
            ("{\"layers\": []}", "is JSON"),
            ("\0\0\0\0\0\0\0\0", "zeros only"),
        ]
    )
    func `files that are something else are named`(content: String, words: String) throws {
        try write(Data(content.utf8), to: "net/model.onnx")
        let reason = try reason()
        #expect(reason.hasPrefix("model.onnx: "), "\(reason)")
        #expect(reason.contains(words), "\(reason)")
    }

    @Test func `other formats' bytes are named too`() throws {
        let group = Data([0x0A, 0x80, 0x20]) + Data(repeating: 0x41, count: 4096)
        let cases: [(Data, String)] = [
            (Data([0x1F, 0x8B, 8, 0, 0, 0]), "gunzip"),
            (Data([0x89]) + Data("HDF\r\n\u{1A}\n".utf8), "HDF5"),
            (Data([0x80, 0x02, 0x8A, 0x0A, 0x6C]), "pickle"),
            (Data([8, 1, 0x12, 0x83, 0x20]) + group, "SavedModel"),
            (Data([10, 0, 0, 0, 0, 0, 0, 0]) + Data("{\"a\":1}".utf8), "safetensors"),
            (try Self.sum().dropLast(5), "is cut off"),
        ]
        for (data, words) in cases {
            try write(data, to: "net/model.onnx")
            let reason = try reason()
            #expect(reason.contains(words), "\(reason)")
        }
    }

    @Test func `pointers and truncations of weights beside the model are named`() throws {
        let pointer = Data("version https://git-lfs.github.com/spec/v1\noid sha256:0\n".utf8)
        try write(Self.sum(external: "data"), to: "net/model.onnx")
        #expect(try reason().contains("data: is missing, and \"w\" has its data there"))
        try write(pointer, to: "net/data")
        #expect(try reason().contains("data: is a Git LFS pointer"))
        try write(Data(count: 7), to: "net/data")
        #expect(try reason().contains("which has only 7: it is cut off"))
        try FileManager.default.removeItem(at: place("net"))
        try write(Data(Self.manifest.utf8), to: "net/model.json")
        try write(pointer, to: "net/model.safetensors")
        #expect(try reason().contains("model.safetensors: is a Git LFS pointer"))
        let whole = SafeTensorsWriter.encode(["w": Tensor(shape: [4], floats: [1, 2, 3, 4])])
        try write(whole.dropLast(5), to: "net/model.safetensors")
        #expect(try reason().contains("is cut off"))
        try write(pointer, to: "net/model.json")
        #expect(try reason().contains("model.json: is a Git LFS pointer"))
    }
}

extension FileManager {
    /// Moves, the folders above the target made before.
    fileprivate func moveItem(at place: URL, to target: URL, making: Bool) throws {
        try createDirectory(
            at: target.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try moveItem(at: place, to: target)
    }
}
