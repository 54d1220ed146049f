/// What the logs and traces say of an answer beside what was sent.
struct AnswerNote: Sendable {
    /// The stable name of the error, which is the reason of a refusal.
    var code: String?
    /// The name of the client's key.
    var keyName: String?
    var stopwatch: Stopwatch?
}
