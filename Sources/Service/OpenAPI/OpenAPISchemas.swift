import Graph
import Models
import TensorFormats
import Texts

/// Schemas as narrow as JSON Schema can say, so that what a document allows is what a model takes.
enum OpenAPISchemas {
    /// Nested arrays of `element` with one length for each dimension, outermost first; nil for any from 1 on.
    ///
    /// That free lengths must agree with each other cannot be stated.
    static func nested(_ lengths: [ClosedRange<Int>?], of element: JSON) -> JSON {
        lengths.reversed().reduce(element) { items, length in
            var members: [(String, JSON)] = [("type", "array"), ("items", items)]
            members.append(("minItems", .integer(length?.lowerBound ?? 1)))
            if let length { members.append(("maxItems", .integer(length.upperBound))) }
            return .object(members)
        }
    }

    /// Numbers above which a shape is told in words only: whoever makes inputs from a schema would make them all.
    private static let mostNumbers = 256

    /// A picture's numbers, in every shape that is taken where the picture is small.
    static func pixels(_ size: PictureSize, description: String) -> JSON {
        let sides = (size.height ?? 1) * (size.width ?? 1)
        guard sides * size.channels <= mostNumbers else {
            return ["type": "array", "minItems": 1, "description": .string(description)]
        }
        let height = size.height.map { $0...$0 }
        let width = size.width.map { $0...$0 }
        let channels = size.channels...size.channels
        var shapes: [[ClosedRange<Int>?]] = [
            [channels, height, width], [height, width, channels],
            [1...64, channels, height, width],
        ]
        if size.channels == 1 { shapes.append([height, width]) }
        if let height = size.height, let width = size.width {
            let count = size.channels * height * width
            shapes.append([count...count])
        }
        let number: JSON = ["type": "number", "minimum": 0, "maximum": 255]
        return [
            "type": "array", "description": .string(description),
            "anyOf": .array(shapes.map { nested($0, of: number) }),
        ]
    }

    /// A number that a 32-bit float can hold.
    static let float: JSON = [
        "type": "number", "minimum": .number(-Double(Float.greatestFiniteMagnitude)),
        "maximum": .number(Double(Float.greatestFiniteMagnitude)),
    ]

    /// A series' numbers, alone or in a batch.
    static func series(channels: Int, length: Int?, description: String) -> JSON {
        let rows: [ClosedRange<Int>?] = [channels...channels, length.map { $0...$0 }]
        var shapes = [rows, [1...64] + rows]
        if channels == 1 { shapes.append([length.map { $0...$0 }]) }
        return [
            "type": "array", "description": .string(description),
            "anyOf": .array(shapes.map { nested($0, of: float) }),
            "examples": [.array((0..<channels).map { _ in [0, 1] })],
        ]
    }

    /// A text of the vocabulary's symbols.
    static func text(_ vocabulary: Vocabulary) -> JSON {
        let symbols = vocabulary.symbols
        var members: [(String, JSON)] = [
            ("type", "string"), ("minLength", 1),
            (
                "description",
                .string("Symbols: " + symbols.map { quoted($0) }.joined(separator: " "))
            ),
        ]
        if symbols.allSatisfy({ $0.unicodeScalars.count == 1 }) {
            let set = symbols.map { #"\]^-["#.contains($0) ? #"\"# + $0 : $0 }.joined()
            members.append(("pattern", .string("^[\(set)]+$")))
        }
        return .object(members)
    }

    /// The name of the component that describes a model's trees.
    static func treeName(_ model: Model) -> String { "Tree.\(model.name)" }

    /// A symbol, or a list of symbols and lists.
    static func tree(_ model: Model, _ vocabulary: Vocabulary) -> JSON {
        let numbers = vocabulary.symbols.compactMap { symbol in
            Int(symbol).flatMap { String($0) == symbol ? $0 : nil }
        }
        let leaves = JSON.array(
            vocabulary.symbols.map { .string($0) } + numbers.map { .integer($0) }
        )
        let items: JSON = ["$ref": .string("#/components/schemas/\(treeName(model))")]
        return [
            "anyOf": [
                ["enum": leaves],
                ["type": "array", "minItems": 1, "maxItems": 1000, "items": items],
            ]
        ]
    }
}
