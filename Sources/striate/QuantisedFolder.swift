import FoundationEssentials
import Glibc
import Models
import Quantising

/// The folder that `striate quantise` writes: model.onnx, and what the source says of its inputs and answers.
struct QuantisedFolder {
    private let model: Model
    private let network: QuantisedNetwork
    private let source: URL?

    /// `source` is the folder of the model that was quantised, if it has one.
    init(_ model: Model, _ network: QuantisedNetwork, source: URL?) {
        (self.model, self.network, self.source) = (model, network, source)
    }

    func write(to folder: URL) throws {
        let files = FileManager.default
        // Nothing is left where something fails.
        let draft = folder.deletingLastPathComponent()
            .appending(path: ".\(folder.lastPathComponent).\(UInt32.random(in: 0...UInt32.max))")
        try files.createDirectory(at: draft, withIntermediateDirectories: true)
        do {
            try network.data(name: folder.lastPathComponent)
                .write(to: draft.appending(path: "model.onnx"))
            if let source { try copy(source, to: draft, name: folder.lastPathComponent) }
            try files.moveItem(at: draft, to: folder)
        } catch {
            try? files.removeItem(at: draft)
            throw error
        }
    }

    func size(in folder: URL) -> Int {
        let file = folder.appending(path: "model.onnx").path
        return (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
    }

    /// What belongs to the float32 network alone.
    private static let left: Set = [
        "model.json", "model.onnx", "model.safetensors", "check.json", "recipe", "README.md",
    ]

    private func copy(_ source: URL, to folder: URL, name: String) throws {
        let files = FileManager.default
        for entry in try files.contentsOfDirectory(atPath: source.path)
        where !Self.left.contains(entry) && !entry.hasPrefix(".") && !entry.hasSuffix(".onnx") {
            try files.copyItem(
                at: source.appending(path: entry).resolvingSymlinksInPath(),
                to: folder.appending(path: entry)
            )
        }
        guard let data = files.contents(atPath: source.appending(path: "model.json").path),
            var manifest = plainJSON([UInt8](data)) as? [String: Any]
        else { return }
        for field in ["layers", "numerics", "score"] { manifest[field] = nil }
        manifest["name"] = name
        let states = model.stateNames
        if !states.isEmpty {
            manifest["states"] = Dictionary(
                uniqueKeysWithValues: states.map { ($0.input, $0.output) }
            )
        }
        if let text = manifest["description"] as? String {
            manifest["description"] = "\(text) Multiplies integers of 8 bits."
        }
        try Data(prettyJSON(manifest).utf8).write(to: folder.appending(path: "model.json"))
    }
}
