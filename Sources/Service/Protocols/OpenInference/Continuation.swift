import Graph
import Models
import TensorFormats

/// A text being continued up to one of the texts to stop at.
struct Continuation: Sendable {
    private(set) var generation: Generation
    private let asked: GenerateDocument
    private var stops: StopTexts

    init(_ generation: Generation, _ asked: GenerateDocument) {
        self.generation = generation
        self.asked = asked
        let longest = generation.symbols.vocabulary.symbols.map(\.utf8.count).max() ?? 1
        stops = StopTexts(asked.stops, longest: longest * generation.settings.length)
    }

    /// Whether the last part of the answer has something to tell beside its text.
    var hasDetails: Bool { asked.wantsDetails }

    /// Draws a symbol and returns the text that is known to belong to the answer now; nil at the end.
    mutating func next(_ call: Call) throws(ServiceError) -> String? {
        guard !stops.isFound, let token = try generation.next(call) else { return nil }
        return stops.feed(generation.symbols.vocabulary.decode([token]))
    }

    /// What was held back, at the end.
    mutating func rest() -> String { stops.rest() }

    /// An answer, or the part of one.
    func document(_ text: String, isLast: Bool) -> JSON {
        let model = generation.symbols.model
        var members: [(String, JSON)] = [
            ("model_name", .string(model.name)), ("model_version", .string(model.version)),
            ("text_output", .string(text)),
        ]
        if let id = asked.id { members.insert(("id", .string(id)), at: 0) }
        if isLast, asked.wantsDetails {
            let reason = stops.isFound ? "stop_sequence" : "length"
            members.append(("details", ["finish_reason": .string(reason)]))
        }
        return .object(members)
    }
}

/// A continued text as events: one for each symbol, and a last one if something is left to say.
struct ContinuationEvents: EventSource {
    private var continuation: Continuation
    private var hasBegun = false
    private var hasEnded = false

    init(_ continuation: Continuation) {
        self.continuation = continuation
    }

    var remaining: Double { continuation.generation.remaining }

    mutating func next(_ call: Call) throws(ServiceError) -> Event? {
        guard !hasEnded else { return nil }
        while let text = try continuation.next(call) {
            if text.isEmpty { continue }
            hasBegun = true
            return Event(continuation.document(text, isLast: false))
        }
        hasEnded = true
        let text = continuation.rest()
        if text.isEmpty, hasBegun, !continuation.hasDetails { return nil }
        return Event(continuation.document(text, isLast: true))
    }
}
