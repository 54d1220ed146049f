import Models
import TensorFormats

/// A generated text as events: one for each symbol, then one named "end" with what the plain answer has.
struct GenerationEvents: EventSource {
    private var generation: Generation
    private var hasEnded = false

    init(_ generation: Generation) {
        self.generation = generation
    }

    var remaining: Double { generation.remaining }

    mutating func next(_ call: Call) throws(ServiceError) -> Event? {
        guard !hasEnded else { return nil }
        guard let token = try generation.next(call) else {
            hasEnded = true
            return Event(name: "end", generation.document)
        }
        return Event([
            "index": .integer(generation.drawn.count - 1),
            "symbol": .string(generation.symbols.vocabulary.decode([token])),
            "token": .integer(Int(token)), "position": .integer(generation.position),
        ])
    }
}
