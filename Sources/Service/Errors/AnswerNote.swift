import Telemetry

/// What is known of an answer beside what was sent; travels with it to its line in the log.
final class AnswerNote: Sendable {
    /// The stable name of the error, which is the reason of a refusal.
    let code: String?
    /// The model that was asked, if it is served.
    let model: ModelLabel?
    let stopwatch: Stopwatch?

    init(code: String? = nil, model: ModelLabel? = nil, stopwatch: Stopwatch? = nil) {
        (self.code, self.model, self.stopwatch) = (code, model, stopwatch)
    }
}
