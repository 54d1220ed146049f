import Models
import Synchronization

/// A step of a session on its way, while which nobody else steps.
///
/// Let go of before it was concluded, it leaves the session where it was.
final class SessionStep: Sendable {
    private let sessions: Sessions
    let name: SessionName
    let model: Model
    /// Where it begins.
    let start: CarriedState
    /// The last step's answer, for a client that repeats it.
    let kept: KeptAnswer?
    let ttl: Int
    let serial: Int
    /// Of the request, where servers share sessions.
    let holder: SessionHolder?

    private struct State {
        var next: CarriedState?
        /// What the client sent, if it said where the step begins.
        var request: [UInt8]?
        var isFirst = false
        var ends = false
        var isOver = false
    }
    private let state = Mutex(State())

    init(
        _ sessions: Sessions,
        _ name: SessionName,
        _ session: HeldSession,
        ttl: Int,
        for holder: SessionHolder?
    ) {
        (self.sessions, self.name, self.ttl, self.holder) = (sessions, name, ttl, holder)
        serial = session.serial
        (model, start, kept) = (session.model, session.carried, session.kept)
    }

    deinit {
        let (isOver, isFirst) = state.withLock { ($0.isOver, $0.isFirst) }
        // A session whose first step fails has not begun, where a step is what begins it.
        if !isOver { sessions.giveUp(self, ends: isFirst) }
    }

    /// Whether the session began with this step, and so has not begun if that fails.
    var isFirst: Bool {
        get { state.withLock(\.isFirst) }
        set { state.withLock { $0.isFirst = newValue } }
    }

    /// Whether the session ends with this step.
    var ends: Bool {
        get { state.withLock(\.ends) }
        set { state.withLock { $0.ends = newValue } }
    }

    /// Where the session will stand once the answer is there.
    var next: CarriedState? {
        get { state.withLock(\.next) }
        set { state.withLock { $0.next = newValue } }
    }

    /// Takes note of where the client has the step begin, and of what it sent.
    ///
    /// - Returns: The answer that was given to the same step before; nil for a new one.
    /// - Throws: `position` where the session stands elsewhere.
    func begin(at position: Int, _ request: [UInt8]) throws(SessionFault) -> KeptAnswer? {
        if position == start.position {
            state.withLock { $0.request = request }
            return nil
        }
        if let kept, kept.position == position, kept.request == request { return kept }
        throw .position(current: start.position, asked: position)
    }

    /// The step is done: the session moves on, and the answer is kept if the client may ask for it again.
    func conclude(
        _ answer: (contentType: String, body: [UInt8], headers: [(String, String)])
    )
        throws(SessionFault)
    {
        let (next, request, ends) = state.withLock { state in
            state.isOver = true
            return (state.next, state.request, state.ends)
        }
        if ends {
            sessions.giveUp(self, ends: true)
            return
        }
        guard let next else {
            sessions.giveUp(self, ends: false)
            return
        }
        let kept = request.map { request in
            KeptAnswer(
                position: start.position,
                request: request,
                contentType: answer.contentType,
                body: answer.body,
                headers: answer.headers
            )
        }
        do throws(SessionFault) {
            try sessions.conclude(self, next, kept)
        } catch {
            sessions.giveUp(self, ends: false)
            throw error
        }
    }
}
