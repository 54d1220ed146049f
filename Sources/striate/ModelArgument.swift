import ArgumentParser
import Compute
import Foundation
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
        if let (file, folder) = onnxFile {
            let model = try Model(
                onnx: file,
                name: (folder ?? file.deletingPathExtension()).lastPathComponent,
                folder: folder,
                kernels: try KernelSet.chosen(kernels),
                workers: Workers()
            )
            model.warm()
            return model
        }
        return try Model(
            folder: try folder(),
            kernels: try KernelSet.chosen(kernels),
            workers: Workers(),
            verifies: verifies
        )
    }

    /// A repository of this model only.
    func repository() throws -> ModelRepository {
        let repository = ModelRepository(
            folders: [try folder()],
            kernels: try KernelSet.chosen(kernels),
            workers: Workers()
        )
        if let failure = repository.failures.first { throw failure.error }
        return repository
    }

    /// An ONNX file, alone or in a folder that says more of it.
    var onnxFile: (file: URL, folder: URL?)? {
        let given = URL(fileURLWithPath: model)
        if given.pathExtension == "onnx" { return (given, nil) }
        for case let folder? in [given, SearchPath.current.find("config/models/\(model)")] {
            let file = folder.appendingPathComponent("model.onnx")
            if FileManager.default.fileExists(atPath: file.path) { return (file, folder) }
            let manifest = folder.appendingPathComponent("model.json")
            if FileManager.default.fileExists(atPath: manifest.path) { return nil }
        }
        return nil
    }

    func folder() throws -> URL {
        let given = URL(fileURLWithPath: model)
        let candidates = [given, SearchPath.current.find("config/models/\(model)")]
        for case let folder? in candidates {
            let manifest = folder.appendingPathComponent("model.json").path
            if FileManager.default.fileExists(atPath: manifest) { return folder }
        }
        throw ValidationError("\"\(model)\" is no folder with a model.json")
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
