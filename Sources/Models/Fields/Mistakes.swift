import Graph
import Texts

/// What is wrong with a JSON file, gathered while it is read on, so that a person learns all of it at once.
final class Mistakes {
    /// Fields nobody knows: first, as what is missing is often there under another name.
    private var unknown: [ModelError] = []
    private var others: [ModelError] = []

    /// More are not told.
    private static let most = 20

    var count: Int { unknown.count + others.count }

    func note(_ mistake: ModelError) { others.append(mistake) }

    func note(unknown name: String, at path: String, known: [String]) {
        unknown.append(.unknownField(field: "\(path), \(name)", hint: Self.hint(name, known)))
    }

    /// - Throws: the only mistake, or all of them.
    func end() throws(ModelError) {
        let all = unknown + others
        guard let first = all.first else { return }
        throw all.count == 1 ? first : .several(Array(all.prefix(Self.most)))
    }

    /// What may have been meant: the word of model.json for another's, or a name that is near; else the names there are.
    private static func hint(_ name: String, _ known: [String]) -> String {
        if let word = synonyms[name], known.isEmpty || known.contains(word) {
            return "did you mean \"\(word)\"?"
        }
        // Of names as near the one with the same letters: two of them changed places.
        let near = known.map { (name: $0, distance: editDistance($0, name)) }
            .min { ($0.distance, letters($0.name)) < ($1.distance, letters($1.name)) }
        func letters(_ other: String) -> Int { other.sorted() == name.sorted() ? 0 : 1 }
        if let near, near.distance <= min(2, (name.count + 1) / 3) {
            return "did you mean \"\(near.name)\"?"
        }
        return known.isEmpty ? "" : "the fields are \(known.joined(separator: ", "))"
    }

    /// Words of PyTorch, Keras and torchvision with those of model.json.
    static let synonyms = [
        "center_crop": "shorter_side", "classes": "labels",
        "color": "colour", "dilation": "dilations", "dilation_rate": "dilations",
        "filters": "channels", "gray": "colour", "grayscale": "colour", "grey": "colour",
        "in_channels": "channels", "interpolation": "resize", "kernel_size": "kernel",
        "license": "licence", "data_format": "layout", "nhwc": "layout", "num_classes": "labels",
        "out_channels": "channels",
        "out_features": "units", "pad": "padding", "pool_size": "kernel",
        "return_sequences": "returns", "stride": "strides", "class_name": "op", "operator": "op",
        "type": "op",
    ]
}
