import Graph
import Models
import TensorFormats
import Texts

/// The bodies of the POST routes as OpenAPI describes them.
enum OpenAPIBodies {
    /// The forms a picture is sent in.
    static func picture(_ size: PictureSize) -> JSON {
        let pixels = """
            Numbers 0…255 of shape \(size.description), [height, width, channels], or a batch of at most \
            64; flat where the size is fixed, [height, width] for one channel. They are taken as they \
            are: not resized, not inverted, only normalised.
            """
        let file: JSON = ["schema": ["type": "string", "contentEncoding": "binary"]]
        return [
            "image/png": file, "image/jpeg": file,
            "multipart/form-data": [
                "schema": [
                    "type": "object", "description": "One or several files: a batch.",
                    "additionalProperties": ["type": "string", "contentEncoding": "binary"],
                ]
            ],
            "application/json": [
                "schema": [
                    "type": "object", "additionalProperties": false,
                    "oneOf": [["required": ["image"]], ["required": ["pixels"]]],
                    "properties": [
                        "image": ["type": "string", "contentEncoding": "base64"],
                        "pixels": OpenAPISchemas.pixels(size, description: pixels),
                    ],
                ]
            ],
            "application/x-npy": [
                "schema": ["type": "string", "description": .string(pixels)]
            ],
        ]
    }

    /// The forms a series is sent in.
    static func series(channels: Int, length: Int?) -> JSON {
        let steps = length.map(String.init) ?? "length"
        let flat = channels == 1 ? ", flat for the one channel" : ""
        let shape =
            "[\(channels), \(steps)]\(flat), or a batch [n, \(channels), \(steps)] of at most 64"
        return [
            "application/json": [
                "schema": [
                    "type": "object", "additionalProperties": false, "required": ["series"],
                    "properties": [
                        "series": OpenAPISchemas.series(
                            channels: channels,
                            length: length,
                            description: "Finite numbers, \(shape)."
                        )
                    ],
                ]
            ],
            "text/csv": [
                "schema": [
                    "type": "string",
                    "description": .string(
                        "A line for each step, \(channels) numbers in it; a first line of names is skipped."
                    ),
                ]
            ],
            "application/x-npy": [
                "schema": ["type": "string", "description": .string("Numbers, \(shape).")]
            ],
        ]
    }

    /// The forms a sequence is sent in.
    static func sequence(_ vocabulary: Vocabulary, keys: SequenceReader.Keys) -> JSON {
        var properties: [(String, JSON)] = [
            ("text", OpenAPISchemas.text(vocabulary)),
            (
                "tokens",
                [
                    "type": "array", "minItems": 1,
                    "items": [
                        "type": "integer", "minimum": 0,
                        "maximum": .integer(vocabulary.symbols.count - 1),
                    ],
                ]
            ),
        ]
        var required: [JSON] = [["required": ["text"]], ["required": ["tokens"]]]
        switch keys {
        case .none: break
        case .options: properties += options(symbols: vocabulary.symbols.count)
        case .several:
            let texts: JSON = [
                "type": "array", "minItems": 1, "items": OpenAPISchemas.text(vocabulary),
            ]
            properties.append(("texts", texts))
            required.append(["required": ["texts"]])
        }
        return [
            "application/json": [
                "schema": [
                    "type": "object", "additionalProperties": false,
                    "oneOf": .array(required),
                    "properties": .object(properties),
                ]
            ],
            "text/plain": ["schema": OpenAPISchemas.text(vocabulary)],
        ]
    }

    /// Steps of a system that runs by itself.
    static func steps(state: Int, most: Int) -> JSON {
        let numbers: JSON = [
            "type": "array", "items": OpenAPISchemas.float, "minItems": .integer(state),
            "maxItems": .integer(state), "description": "Zeros unless given.",
        ]
        return [
            "application/json": [
                "schema": [
                    "type": "object", "additionalProperties": false, "required": ["steps"],
                    "properties": [
                        "steps": ["type": "integer", "minimum": 1, "maximum": .integer(most)],
                        "state": numbers,
                    ],
                ]
            ]
        ]
    }

    /// A tree as nested lists of symbols.
    static func tree(_ model: Model, _ vocabulary: Vocabulary) -> JSON {
        let symbols = vocabulary.symbols.map { quoted($0) }.joined(separator: " ")
        let meaning = """
            A symbol, or a list of symbols and lists, folded from the left: ((a b) c) d. An integer \
            stands for the symbol of its decimal text. Symbols: \(symbols)
            """
        return [
            "application/json": [
                "schema": [
                    "type": "object", "additionalProperties": false, "required": ["tree"],
                    "properties": [
                        "tree": [
                            "$ref": .string(
                                "#/components/schemas/\(OpenAPISchemas.treeName(model))"
                            ),
                            "description": .string(meaning),
                        ]
                    ],
                ]
            ]
        ]
    }

    private static func options(symbols: Int) -> [(String, JSON)] {
        [
            (
                "length",
                [
                    "type": "integer", "minimum": 1,
                    "maximum": .integer(GenerationSettings.longest),
                    "default": 100,
                ]
            ),
            (
                "temperature",
                [
                    "type": "number", "minimum": 0, "maximum": 100, "default": 1,
                    "description": "0 always takes the likeliest symbol.",
                ]
            ),
            ("top_k", ["type": "integer", "minimum": 1, "maximum": .integer(symbols)]),
            (
                "seed",
                [
                    "type": "integer",
                    "description": "The same seed draws the same symbols; random unless given.",
                ]
            ),
        ]
    }
}
