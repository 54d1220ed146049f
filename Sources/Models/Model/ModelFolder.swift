import Files
import Graph

/// The files of a model folder.
enum ModelFolder {
    private static let mostLayers = 10_000

    /// Reads model.json, the files it names, and model.safetensors if there is one.
    static func read(
        _ files: ModelFiles
    ) throws(ModelError) -> (Manifest, LayerStack, NetworkForm) {
        var fields = try JSONFields(JSONValue.read("model.json", in: files), at: "model.json")
        let form = try NetworkForm(fields)
        let manifest = try Manifest(&fields, files: files)
        guard let layers = try fields.objects("layers"), !layers.isEmpty else {
            throw .invalidManifest(
                field: "model.json, layers",
                expected: "a list of layers",
                got: "nothing"
            )
        }
        guard layers.count <= mostLayers else {
            throw .invalidManifest(
                field: "model.json, layers",
                expected: "at most \(mostLayers) layers",
                got: "\(layers.count)"
            )
        }
        try fields.finish()
        let weights = "model.safetensors"
        let stack = try LayerStack(
            layers,
            manifest: manifest,
            weights: files.exists(weights) ? SafeTensors.read(weights, in: files) : [:]
        )
        return (manifest, stack, form)
    }
}
