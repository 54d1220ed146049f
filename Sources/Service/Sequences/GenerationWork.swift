import Graph
import Models
import Telemetry
import TensorFormats

/// A generated text: as a whole, or as events, one for each symbol, then one named "end" with what the plain answer has.
struct GenerationWork: SequenceWork {
    private var generation: Generation
    private let wantsEvents: Bool

    init(_ generation: Generation, wantsEvents: Bool) {
        self.generation = generation
        self.wantsEvents = wantsEvents
    }

    var run: SequenceRun {
        get { generation.run }
        set { generation.run = newValue }
    }

    var remaining: Double { generation.remaining }

    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError) {
        try generation.take(step, rows)
    }

    mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress {
        let token = try generation.draw()
        guard generation.isComplete else { return .reads(wantsEvents ? event(token) : nil) }
        call.stopwatch.enter(.encode)
        let document = generation.document.adding(try call.carry(generation.carried))
        guard wantsEvents else { return .answers(Answer(document)) }
        return .ends([event(token), Event(name: "end", document)])
    }

    private func event(_ token: Int32) -> Event {
        Event([
            "index": .integer(generation.drawn.count - 1),
            "symbol": .string(generation.symbols.vocabulary.decode([token])),
            "token": .integer(Int(token)), "position": .integer(generation.position),
        ])
    }
}
