import Graph
import Models
import Telemetry
import TensorFormats

/// A text being continued up to one of the texts to stop at.
struct Continuation: Sendable {
    var generation: Generation
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

    /// Whether it has come to its end, or to a text to stop at.
    var isComplete: Bool { stops.isFound || generation.isComplete }

    /// Draws a symbol and returns the text that is known to belong to the answer now.
    mutating func draw() throws(ServiceError) -> String {
        stops.feed(generation.symbols.vocabulary.decode([try generation.draw()]))
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

/// A continued text: as a whole, or as events, one for each symbol and a last one if something is left to say.
struct ContinuationWork: SequenceWork {
    private var continuation: Continuation
    private let wantsEvents: Bool
    private var text = ""
    private var hasBegun = false

    init(_ continuation: Continuation, wantsEvents: Bool) {
        self.continuation = continuation
        self.wantsEvents = wantsEvents
    }

    var run: SequenceRun {
        get { continuation.generation.run }
        set { continuation.generation.run = newValue }
    }

    var remaining: Double { continuation.generation.remaining }

    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError) {
        try continuation.generation.take(step, rows)
    }

    mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress {
        let more = try continuation.draw()
        text += more
        if !continuation.isComplete {
            guard wantsEvents, !more.isEmpty else { return .reads(nil) }
            hasBegun = true
            return .reads(Event(continuation.document(more, isLast: false)))
        }
        call.stopwatch.enter(.encode)
        let rest = continuation.rest()
        let carried = try call.carry(continuation.generation.carried, addsPosition: true)
        guard wantsEvents else {
            let whole = continuation.document(text + rest, isLast: true)
            return .answers(Answer(whole.withParameters(carried)))
        }
        var events: [Event] = []
        if !more.isEmpty {
            hasBegun = true
            events.append(Event(continuation.document(more, isLast: false)))
        }
        if !rest.isEmpty || !hasBegun || continuation.hasDetails || !carried.isEmpty {
            let last = continuation.document(rest, isLast: true)
            events.append(Event(last.withParameters(carried)))
        }
        return .ends(events)
    }
}

extension JSON {
    /// With what goes on beside the answer itself, if there is something.
    fileprivate func withParameters(_ members: [(String, JSON)]) -> JSON {
        members.isEmpty ? self : adding([("parameters", .object(members))])
    }
}
