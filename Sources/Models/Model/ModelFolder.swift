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
        let manifest = Manifest(&fields, files: files)
        let layers =
            fields.attempt { (fields) throws(ModelError) in try Self.layers(&fields) } ?? []
        if fields.mistakeCount > 0 {
            // Of layers only what needs no manifest.
            for (index, layer) in layers.enumerated() {
                LayerStack.noteWords(layer, number: index + 1)
            }
        }
        try fields.end()
        let weights = "model.safetensors"
        let stack = try LayerStack(
            layers,
            manifest: manifest,
            weights: files.exists(weights) ? SafeTensors.read(weights, in: files) : [:]
        )
        try fields.end()
        return (manifest, stack, form)
    }

    private static func layers(_ fields: inout JSONFields) throws(ModelError) -> [JSONFields] {
        guard let layers = try fields.objects("layers", each: "layer"), !layers.isEmpty else {
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
        return layers
    }
}
