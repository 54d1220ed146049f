import Synchronization

/// Pieces of a streamed answer on their way from whoever makes them to the event loop.
///
/// What comes while the loop is elsewhere goes out together. Any thread may use it.
final class StreamedPieces: Sendable {
    enum End: Sendable {
        case complete(note: (any AnyObject & Sendable)?)
        /// Nobody makes pieces any more: the client must not take what it has for the whole.
        case broken
    }

    private struct State {
        /// Not taken by the loop yet.
        var bytes: [UInt8] = []
        var end: End?
        /// Taken by the loop, but not by the client.
        var unsent = 0
        /// Whether the loop is going to look already.
        var isAnnounced = true
        var isAbandoned = false
        var waiter: Waiter?

        var waiting: Int { bytes.count + unsent }

        func hasRoom(_ limit: Int) -> Bool { isAbandoned || waiting < limit }

        mutating func takeWaiter() -> Waiter? {
            defer { waiter = nil }
            return waiter
        }
    }

    typealias Waiter = @Sendable () -> Void

    /// What the client gets before the first piece; its body is not used.
    let head: Response
    private let destination: Exchange.Destination
    private let limit: Int
    private let state = Mutex(State())

    init(_ head: Response, to destination: Exchange.Destination) {
        self.head = head
        self.destination = destination
        if case .connection(_, _, let streamed) = destination {
            limit = streamed
        } else {
            limit = .max
        }
    }

    var isAbandoned: Bool { state.withLock(\.isAbandoned) }

    /// Whether less than the limit waits for the client.
    var hasRoom: Bool { state.withLock { $0.hasRoom(limit) } }

    /// Bytes that wait for the client.
    var waiting: Int { state.withLock(\.waiting) }

    // MARK: From the producer

    func append(_ piece: [UInt8]) {
        change { $0.bytes += piece }
    }

    func finish(_ end: End) {
        change { $0.end = end }
    }

    /// Changes what the loop is to find, unless all is over, and sees to it that the loop looks.
    private func change(_ body: (inout State) -> Void) {
        let (mustAnnounce, isOver) = state.withLock { state in
            guard state.end == nil, !state.isAbandoned else { return (false, false) }
            body(&state)
            defer { state.isAnnounced = true }
            return (!state.isAnnounced, state.end != nil)
        }
        switch destination {
        case .connection(let mailbox, let token, _):
            if mustAnnounce { mailbox.post(.pieces(token)) }
        case .function(let deliver):
            if isOver { deliver(whole) }
        }
    }

    /// Calls `action` once there is room again or the client is gone: now, or later on a loop's thread.
    func whenRoom(_ action: @escaping Waiter) {
        let isNow = state.withLock { state in
            if state.hasRoom(limit) { return true }
            state.waiter = action
            return false
        }
        if isNow { action() }
    }

    /// The answer in one piece, for an exchange without a connection.
    private var whole: Response {
        let (bytes, end) = take()
        guard case .complete(let note) = end else { return Response(.internalServerError) }
        var response = head
        response.body = bytes
        response.note = note
        return response
    }

    // MARK: From the loop

    /// Everything that came since the last call, and whether it is the last.
    func take() -> (bytes: [UInt8], end: End?) {
        state.withLock { state in
            defer { state.bytes = [] }
            state.isAnnounced = false
            state.unsent += state.bytes.count
            return (state.bytes, state.end)
        }
    }

    /// Takes note that the client has taken all but `count` bytes of what the loop took.
    func keep(unsent count: Int) {
        let waiter = state.withLock { state -> Waiter? in
            state.unsent = count
            return state.waiting <= limit / 2 ? state.takeWaiter() : nil
        }
        waiter?()
    }

    /// Takes note that nobody waits for the answer any more.
    func abandon() {
        let waiter = state.withLock { state -> Waiter? in
            state.isAbandoned = true
            state.bytes = []
            return state.takeWaiter()
        }
        waiter?()
    }
}
