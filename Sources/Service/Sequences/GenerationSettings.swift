import TensorFormats

/// The options with their defaults, checked.
struct GenerationSettings: Sendable {
    /// Symbols that one request may have drawn.
    static let longest = 10_000

    let length: Int
    let temperature: Double
    let topK: Int
    let seed: Int

    init(
        _ options: SequenceOptions,
        symbols: Int,
        defaultLength: Int = 100
    ) throws(ServiceError) {
        length = try Self.checked(
            options.length ?? defaultLength,
            "length",
            1...Self.longest
        )
        topK = try Self.checked(options.topK ?? symbols, "top_k", 1...symbols)
        temperature = options.temperature ?? 1
        guard (0...100).contains(temperature) else {
            throw .invalidValue(
                field: "temperature",
                expected: "a number from 0 to 100",
                got: String(temperature)
            )
        }
        // Below 2⁵³, so that every JSON reader gives it back unchanged.
        seed = options.seed ?? Int.random(in: 0..<(1 << 53))
    }

    private static func checked(
        _ value: Int,
        _ field: String,
        _ range: ClosedRange<Int>
    ) throws(ServiceError) -> Int {
        guard range.contains(value) else {
            throw .invalidValue(
                field: field,
                expected: "an integer from \(range.lowerBound) to \(range.upperBound)",
                got: String(value)
            )
        }
        return value
    }
}

extension GenerationSettings {
    /// The options' keys, as a schema has them.
    static let members: [(String, JSON)] = [
        (
            "length",
            ["type": "integer", "minimum": 1, "maximum": .integer(longest), "default": 100]
        ),
        (
            "temperature",
            [
                "type": "number", "minimum": 0, "maximum": 100, "default": 1,
                "description": "0 always takes the likeliest symbol.",
            ]
        ),
        ("top_k", ["type": "integer", "minimum": 1]),
        (
            "seed",
            [
                "type": "integer",
                "description": "The same seed draws the same symbols; random unless given.",
            ]
        ),
    ]
}
