import ArgumentParser
import Compute
import FoundationEssentials
import Graph
import Models

/// `striate import`: a model's folder from safetensors and layers.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract:
            "Make a model's folder from PyTorch's weights (safetensors) and a model.json of its layers.",
        discussion: """
            Each layer of the model.json names its module in the state_dict: {"op": "Conv", "torch": "features.0"}. \
            The folder is checked as it will be loaded, and nothing is written where that fails.

            Example:
              striate import weights.safetensors model.json -o config/models/mine
            """
    )

    @Argument(help: "The weights: torch's state_dict as safetensors.", completion: .file())
    var weights: String

    @Argument(help: "The layers, with the names of their modules.", completion: .file())
    var manifest: String

    @Option(name: .shortAndLong, help: "The folder that is made.", completion: .directory)
    var output: String

    func run() throws {
        let files = FileManager.default
        let target = URL(fileURLWithPath: output)
        guard !files.fileExists(atPath: target.path) else {
            throw ValidationError("\"\(output)\" is there already")
        }
        let draft = target.appendingPathExtension("\(UUID().uuidString).new")
        try files.createDirectory(at: draft, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: draft) }
        // What the manifest names (labels, a vocabulary, examples) lies beside it.
        let folder = URL(fileURLWithPath: manifest).deletingLastPathComponent()
        for name in ["labels.txt", "vocabulary.json", "check.json", "examples"] {
            let file = folder.appendingPathComponent(name)
            guard files.fileExists(atPath: file.path) else { continue }
            try files.copyItem(at: file, to: draft.appendingPathComponent(name))
        }
        try files.copyItem(
            at: URL(fileURLWithPath: manifest),
            to: draft.appendingPathComponent("model.json")
        )
        try files.copyItem(
            at: URL(fileURLWithPath: weights),
            to: draft.appendingPathComponent("model.safetensors")
        )
        let model = try Model(
            folder: draft,
            kernels: try KernelSet.chosen(nil),
            workers: Workers()
        )
        try files.moveItem(at: draft, to: target)
        print(SummaryTable(model).text)
        print("written: \(output); try: striate serve --models \(output)")
    }
}
