import Foundation

/// The files of a model folder.
enum ModelFolder {
    /// Reads model.json, the files it names, and model.safetensors if there is one.
    static func read(_ folder: URL) throws(ModelError) -> (Manifest, LayerStack, NetworkForm) {
        let file = folder.appendingPathComponent("model.json")
        var fields = try JSONFields(JSONValue.read(file), at: "model.json")
        let form = try NetworkForm(fields)
        let manifest = try Manifest(&fields, folder: folder)
        guard let layers = try fields.objects("layers"), !layers.isEmpty else {
            throw .invalidManifest(
                field: "model.json, layers",
                expected: "a list of layers",
                got: "nothing"
            )
        }
        try fields.finish()
        let weights = folder.appendingPathComponent("model.safetensors")
        let hasWeights = FileManager.default.fileExists(atPath: weights.path)
        let stack = try LayerStack(
            layers,
            manifest: manifest,
            weights: hasWeights ? SafeTensors.read(weights) : [:]
        )
        return (manifest, stack, form)
    }
}
