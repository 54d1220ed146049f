import Graph
import Models

/// What a request makes of the symbols it has a model read.
///
/// A value, which may stop and go on between any two symbols: so the steps of several can be computed together, and a
/// long one lets others in.
protocol SequenceWork: Sendable {
    var run: SequenceRun { get set }

    /// The share of the work that is still to be done.
    var remaining: Double { get }

    /// Takes the rows of the token at `step` of the run.
    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError)

    /// Says how it goes on, once all tokens of the run were read.
    mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress
}

/// How a request goes on.
enum SequenceProgress: Sendable {
    /// There are tokens to be read; before, an event may be sent.
    case reads(Event?)
    case answers(Answer)
    /// An answer of events has been made, but for the last ones.
    case ends([Event])
}

extension SequenceWork {
    var remaining: Double { Double(run.rest) / Double(max(run.tokens.count, 1)) }

    /// Reads a chunk alone, of `most` symbols if that is less.
    mutating func readChunk(
        _ cancellation: Cancellation,
        most: Int = .max
    ) throws(ServiceError) {
        var run = run
        defer { self.run = run }
        try run.advance(cancellation, most: most) { (step, rows) throws(ModelError) in
            try take(step, rows)
        }
    }

    /// Does the whole work alone; events come together.
    func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        var work = self
        var events: [UInt8] = []
        while true {
            while work.run.rest > 0 { try work.readChunk(call.cancellation) }
            switch try work.proceed(&call) {
            case .reads(let event): events += event?.bytes ?? []
            case .answers(let answer): return answer
            case .ends(let last): return Answer(events: last.reduce(events) { $0 + $1.bytes })
            }
        }
    }
}
