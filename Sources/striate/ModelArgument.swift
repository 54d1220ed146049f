import ArgumentParser
import Compute
import FoundationEssentials
import Models
import Service

/// A model's folder on the command line.
struct ModelArgument: ParsableArguments {
    @Argument(
        help: "An ONNX file, a model's folder, or the name of a model that ships.",
        completion: .directory
    )
    var model: String

    @Option(
        help: "Instruction set of the kernels: baseline, avx2, avx512 or neon; STRIATE_KERNELS."
    )
    var kernels: String?

    /// Loads the model; its check vectors run unless told otherwise.
    func load(verifies: Bool = true) throws -> Model {
        let (kernels, workers) = (try KernelSet.chosen(kernels), Workers())
        if let (file, folder) = onnxFile {
            let model = try Model(
                onnx: file,
                name: Self.name(folder ?? file.deletingPathExtension()),
                folder: folder,
                kernels: kernels,
                workers: workers
            )
            model.warm()
            return model
        }
        return try Model(
            folder: try folder(),
            kernels: kernels,
            workers: workers,
            verifies: verifies
        )
    }

    /// A repository of this model only.
    func repository() throws -> ModelRepository {
        ModelRepository(
            serving: try load(),
            kernels: try KernelSet.chosen(kernels),
            workers: Workers()
        )
    }

    /// An ONNX file, alone or in a folder that says more of it.
    var onnxFile: (file: URL, folder: URL?)? {
        let given = URL(fileURLWithPath: model)
        if given.pathExtension == "onnx" { return (given, nil) }
        guard let folder = try? folder() else { return nil }
        let file = folder.appendingPathComponent("model.onnx")
        return Self.isFile(file) ? (file, folder) : nil
    }

    /// The folder with the model's files: the one named, its newest version, or that of a model that ships.
    func folder() throws -> URL {
        let given = URL(fileURLWithPath: model)
        for case let folder? in [given, SearchPath.current.find("config/models/\(model)")] {
            for place in [folder] + Self.versions(in: folder) where Self.isModel(place) {
                return place
            }
        }
        throw ValidationError(
            "\"\(model)\" is no ONNX file, and no folder with a model.json or model.onnx"
        )
    }

    /// Folders of versions, the newest first.
    private static func versions(in folder: URL) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.compactMap { Int($0) }.sorted(by: >).map {
            folder.appendingPathComponent(String($0))
        }
    }

    private static func isModel(_ folder: URL) -> Bool {
        hasManifest(folder) || isFile(folder.appendingPathComponent("model.onnx"))
    }

    static func hasManifest(_ folder: URL) -> Bool {
        isFile(folder.appendingPathComponent("model.json"))
    }

    private static func isFile(_ place: URL) -> Bool {
        FileManager.default.fileExists(atPath: place.path)
    }

    /// A model is called as its folder, or as the one that its versions are in.
    private static func name(_ folder: URL) -> String {
        let name = folder.lastPathComponent
        return Int(name) == nil ? name : folder.deletingLastPathComponent().lastPathComponent
    }
}

/// Where the models that ship are.
enum ModelsFolder {
    /// The folder named, or `config/models` near the program.
    static func locate(_ path: String?) throws -> URL {
        guard let folder = SearchPath.current.modelFolders(path.map { [$0] } ?? []).first else {
            throw StartError.noModels([])
        }
        return folder
    }
}
