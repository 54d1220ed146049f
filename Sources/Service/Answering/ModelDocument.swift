import Compute
import Engine
import Graph
import Models
import TensorFormats

/// A model described for its users.
struct ModelDocument {
    private let model: Model

    init(_ model: Model) {
        self.model = model
    }

    /// What tells models apart.
    var short: [(String, JSON)] {
        let manifest = model.manifest
        return [
            ("name", .string(model.name)), ("version", .string(model.version)),
            ("task", .string(manifest.task.name)),
            ("description", .string(manifest.description)),
            ("input", input), ("outputs", .strings(manifest.outputs)),
            ("parameters", .integer(model.parameterCount)),
            ("multiply_adds", .integer(model.multiplyAdds)), ("score", score),
            ("operations", .strings(manifest.operations)),
        ]
    }

    var whole: [(String, JSON)] {
        let manifest = model.manifest
        return short + [
            ("features_layer", .optional(manifest.featuresLayer)),
            ("numerics", .string(model.numerics)),
            ("labels", .strings(manifest.labels)), ("vocabulary", vocabulary),
            ("states", .strings(model.stateNames.map(\.input))),
            ("preprocessing", preprocessing), ("sound", sound),
            ("layers", .array(model.layers.map(Self.layer))),
            ("by_definition", byDefinition),
            ("remark", model.remark.isEmpty ? .null : .string(model.remark)),
            ("examples", .strings(manifest.examples.map(\.name))),
            ("source", .string(manifest.source)), ("licence", .string(manifest.licence)),
        ]
    }

    private var input: JSON {
        switch model.manifest.input {
        case .image(let name, let channels, let height, let width):
            [
                "name": .string(name), "kind": "image",
                "shape": [.integer(channels), .optional(height), .optional(width)],
            ]
        case .series(let name, let channels, let length):
            [
                "name": .string(name), "kind": "series",
                "shape": [.integer(channels), .optional(length)],
            ]
        case .tokens(let name, let vocabulary):
            [
                "name": .string(name), "kind": "tokens",
                "symbols": .integer(vocabulary.symbols.count),
            ]
        case .clock(let name):
            ["name": .string(name), "kind": "steps", "state": .integer(model.stateCount)]
        case .tensors(let name):
            ["name": .string(name), "kind": "tensors"]
        }
    }

    private var vocabulary: JSON {
        guard case .tokens(_, let vocabulary) = model.manifest.input else { return .null }
        return .strings(vocabulary.symbols)
    }

    private var score: JSON {
        guard let score = model.manifest.score else { return .null }
        return [
            "metric": .string(score.metric), "value": .number(score.value),
            "data": .string(score.data),
        ]
    }

    private var sound: JSON {
        guard let sound = model.manifest.sound else { return .null }
        return ["rate": .integer(sound.rate), "hop": .integer(sound.hop)]
    }

    private var preprocessing: JSON {
        guard let steps = model.manifest.preprocessing else { return .null }
        let normalisation: [(String, JSON)] = [
            ("mean", .tensor(shape: [steps.mean.count], values: steps.mean)),
            ("scale", .tensor(shape: [steps.scale.count], values: steps.scale)),
        ]
        if case .series = model.manifest.input { return .object(normalisation) }
        let picture: [(String, JSON)] = [
            ("resize", .string(steps.resize.rawValue)), ("fit", .string(steps.fit.rawValue)),
            ("colour", .string(steps.colour.rawValue)),
            ("background", .string(steps.background.rawValue)),
        ]
        return .object(picture + normalisation)
    }

    /// What no plan computes, and why.
    private var byDefinition: JSON {
        let found = model.byDefinition
        return [
            "share": .number((found.share * 10_000).rounded() / 10_000),
            "nodes": .array(
                found.nodes.prefix(Self.mostNodes).map { node in
                    [
                        "layer": .string(node.layer), "op": .string(node.op),
                        "reason": .string(node.reason),
                    ]
                }
            ),
            "count": .integer(found.nodes.count),
        ]
    }

    private static let mostNodes = 100

    private static func layer(_ layer: LayerSummary) -> JSON {
        let places = layer.receptiveField?.places
        return [
            "name": .string(layer.name), "op": .string(layer.op),
            "output_shape": .integers(layer.outputShape.dimensions),
            "parameters": .integer(layer.parameters),
            "multiply_adds": .integer(layer.multiplyAdds),
            "receptive_field": layer.receptiveField.map {
                [.integer($0.height), .integer($0.width)]
            } ?? .null,
            "receptive_start": places.map { [.integer($0.top), .integer($0.left)] } ?? .null,
            "receptive_stride": places.map { [.integer($0.down), .integer($0.right)] } ?? .null,
        ]
    }
}
