import Synchronization

/// What one request knows of the sessions of a shared store: those it had fetched, and how it changed them.
///
/// What a request meets in the table of this server, it must have fetched; what it changes goes to the store before it is
/// answered, and changes nothing if another server was faster.
final class SessionHolder: Sendable {
    enum Found {
        /// Nothing is kept under the name.
        case nothing
        /// It is in the table now.
        case session
        /// It cannot go on here.
        case fault(SessionFault)
    }

    struct Fetched {
        var found: Found
        /// What the store has: the next change goes on from it.
        var version: String?
    }

    /// What is to be kept: a session and its seconds, or nothing any more.
    enum Change {
        case session(HeldSession, ttl: Int)
        case nothing
    }

    private struct State {
        var fetched: [SessionName: Fetched] = [:]
        var changes: [SessionName: Change] = [:]
        var listing: (sessions: [SessionView], isWhole: Bool)?
        var wanted: Wanted?
        var rounds = 0
    }

    /// What a request lacked.
    enum Wanted {
        case sessions([SessionName])
        case listing(of: ClientIdentity?, most: Int)
    }

    private let state = Mutex(State())
    private let release: @Sendable ([SessionName]) -> Void

    /// `release` is called with all that was fetched, once nobody has the holder any more.
    init(release: @escaping @Sendable ([SessionName]) -> Void) {
        self.release = release
    }

    deinit {
        let names = state.withLock { Array($0.fetched.keys) }
        if !names.isEmpty { release(names) }
    }

    /// Times that a request may be begun again because it lacked something.
    private static let mostRounds = 4

    // MARK: What is there

    /// What was fetched under a name.
    ///
    /// - Throws: `elsewhere` if that is to be done first.
    func found(_ name: SessionName) throws(SessionFault) -> Found {
        try check([name])
        return state.withLock { $0.fetched[name]?.found } ?? .nothing
    }

    /// - Throws: `elsewhere` unless all were fetched.
    func check(_ names: [SessionName]) throws(SessionFault) {
        let isLacking = state.withLock { state in
            let lacking = names.filter { state.fetched[$0] == nil }
            if !lacking.isEmpty { state.wanted = .sessions(lacking) }
            return !lacking.isEmpty
        }
        if isLacking { throw .elsewhere }
    }

    func take(_ name: SessionName, _ fetched: Fetched) {
        state.withLock { $0.fetched[name] = fetched }
    }

    /// - Throws: `elsewhere` if that is to be fetched first.
    func listing(
        of client: ClientIdentity?,
        most: Int
    ) throws(SessionFault) -> (sessions: [SessionView], isWhole: Bool) {
        let listing = state.withLock { state in
            if state.listing == nil { state.wanted = .listing(of: client, most: most) }
            return state.listing
        }
        guard let listing else { throw .elsewhere }
        return listing
    }

    func take(listing: (sessions: [SessionView], isWhole: Bool)) {
        state.withLock { $0.listing = listing }
    }

    /// What is to be fetched before the request is begun again; nil if it was begun too often.
    func takeWanted() -> Wanted? {
        state.withLock { state in
            state.rounds += 1
            guard state.rounds <= Self.mostRounds else { return nil }
            return state.wanted.take()
        }
    }

    // MARK: What is changed

    /// Takes note of a change, of the session as it was at `version` in the store, or as it was fetched.
    func change(_ name: SessionName, to change: Change, from version: String? = nil) {
        state.withLock { state in
            if let version { state.fetched[name]?.version = version }
            if case .session = change { state.fetched[name]?.found = .session }
            state.changes[name] = change
        }
    }

    /// What is to be kept, each with the version it goes on from; from now on it counts as done.
    func takeChanges() -> [(name: SessionName, expected: String?, change: Change)] {
        state.withLock { state in
            let changes = state.changes
            state.changes = [:]
            return changes.compactMap { name, change in
                let expected = state.fetched[name]?.version
                // It came and went within the request.
                if case .nothing = change, expected == nil { return nil }
                return (name, expected, change)
            }
        }
    }

    var hasChanges: Bool { state.withLock { !$0.changes.isEmpty } }
}
