import Models

/// A session between two steps.
struct HeldSession: Sendable {
    /// The model as it was when the session began; one that replaced it is another.
    let model: Model
    var carried: CarriedState
    /// Whether a step runs, and at which it began.
    var isBusy = false
    /// Tells it from others that had its name before.
    var serial = 0
    /// What the store that servers share calls the session as it is here; nil before it has it.
    var storeVersion: String?
    /// Whether it is of this server only, whatever others share.
    var isLocal = false
    /// Who began it, for listings.
    var begunBy = ""
    /// The last answer, for a client whose connection broke before it came.
    var kept: KeptAnswer?

    var bytes: Int { carried.bytes + (kept?.bytes ?? 0) }
}

/// The answer of the last step, kept for a client that repeats it.
struct KeptAnswer: Sendable {
    /// Where the step began.
    let position: Int
    /// What the client sent: the same again is the same step.
    let request: [UInt8]
    let contentType: String
    let body: [UInt8]
    let headers: [(String, String)]

    var bytes: Int {
        headers.reduce(request.count + contentType.utf8.count + body.count + 128) {
            $0 + $1.0.utf8.count + $1.1.utf8.count + 32
        }
    }
}
