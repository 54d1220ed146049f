import Dispatch
import Models
import Synchronization
import Telemetry

/// What a server needs to share sessions with others: the store, and the models that stored sessions go on with.
///
/// A session that a request fetched is in the table of this server for as long as a request uses it.
final class SharedSessions: Sendable {
    let store: any SessionStore
    let models: StoredModels
    /// Requests that use a session here.
    fileprivate let uses = Mutex<[SessionName: Int]>([:])

    private let counts = Mutex(StoreFigures())

    /// How often the store was asked.
    var figures: StoreFigures { counts.withLock(\.self) }

    fileprivate func note<Value>(_ answer: Result<Value, StoreFault>, conflicts: Int = 0) {
        counts.withLock { counts in
            if case .failure = answer {
                counts.failed += 1
            } else if conflicts > 0 {
                counts.conflicts += 1
            } else {
                counts.answered += 1
            }
        }
    }

    init(_ store: any SessionStore, _ models: StoredModels) {
        (self.store, self.models) = (store, models)
    }
}

extension Sessions {
    /// For a request's own; nil where sessions are not shared.
    func newHolder() -> SessionHolder? {
        guard shared != nil else { return nil }
        return SessionHolder { [weak self] in self?.release($0) }
    }

    /// A name that nobody else can have: nothing is to be looked for.
    func reserve(_ name: SessionName, _ holder: SessionHolder?) {
        guard let shared, let holder else { return }
        shared.uses.withLock { $0[name, default: 0] += 1 }
        holder.take(name, SessionHolder.Fetched(found: .nothing))
    }

    private func release(_ names: [SessionName]) {
        guard let shared else { return }
        let now = now
        shared.uses.withLock { uses in
            for name in names {
                let rest = (uses[name] ?? 1) - 1
                uses[name] = rest > 0 ? rest : nil
                guard rest <= 0 else { continue }
                table.withLock { if !$0.isLocal(name) { _ = $0.end(name, at: now) } }
            }
        }
    }

    // MARK: Fetching

    /// Fetches what a request lacked; `done` is called with nil once it can be begun again.
    func fetch(
        for holder: SessionHolder,
        of client: ClientIdentity,
        _ done: @escaping @Sendable (SessionFault?) -> Void
    ) {
        guard let shared, let wanted = holder.takeWanted() else {
            done(.storeFault(reason: "the session was changed by others at the same time"))
            return
        }
        startTimer()
        switch wanted {
        case .sessions(let names):
            shared.store.read(names) { answer in
                shared.note(answer)
                // A model's weights may be read, and the request is begun: the store's threads go on.
                DispatchQueue.global().async {
                    done(
                        answer.fault {
                            self.install(zip(names, $0), shared, for: holder, of: client)
                        }
                    )
                }
            }
        case .listing(let owner, let most):
            list(of: owner, most: most, shared) { answer in
                shared.note(answer)
                DispatchQueue.global().async {
                    done(answer.fault { holder.take(listing: $0) })
                }
            }
        }
    }

    private func install(
        _ records: some Sequence<(SessionName, StoredRecord?)>,
        _ shared: SharedSessions,
        for holder: SessionHolder,
        of client: ClientIdentity
    ) {
        for (name, record) in records {
            guard let record else {
                holder.take(name, SessionHolder.Fetched(found: .nothing))
                shared.uses.withLock { uses in
                    uses[name, default: 0] += 1
                    table.withLock { $0.discard(name) }
                }
                continue
            }
            let found = install(name, record, shared, of: client)
            holder.take(name, SessionHolder.Fetched(found: found, version: record.version))
        }
    }

    private func install(
        _ name: SessionName,
        _ record: StoredRecord,
        _ shared: SharedSessions,
        of client: ClientIdentity
    ) -> SessionHolder.Found {
        let now = now
        let read = Self.session(record, shared.models)
        return shared.uses.withLock { uses in
            uses[name, default: 0] += 1
            do throws(SessionFault) {
                let (session, ttl) = try read.get()
                try table.withLock { (table) throws(SessionFault) in
                    try table.install(
                        name,
                        session,
                        ttl: Double(ttl),
                        rest: record.rest,
                        of: client,
                        at: now
                    )
                }
                return .session
            } catch {
                table.withLock { $0.discard(name) }
                return .fault(error)
            }
        }
    }

    /// What a record holds, with the seconds it lives unused.
    private static func session(
        _ record: StoredRecord,
        _ models: StoredModels
    ) -> Result<(session: HeldSession, ttl: Int), SessionFault> {
        guard let stored = StoredSession(record.bytes) else {
            return .failure(.storeFault(reason: "what it has is not of this version of the server"))
        }
        let ago = max(0, stored.ttl - Int(record.rest))
        guard record.rest > 0 else {
            return .failure(.expired(isModelGone: false, ttl: stored.ttl, ago: ago))
        }
        guard var session = stored.held(by: models) else {
            return .failure(.expired(isModelGone: true, ttl: stored.ttl, ago: ago))
        }
        session.storeVersion = record.version
        return .success((session, stored.ttl))
    }

    private func list(
        of client: ClientIdentity?,
        most: Int,
        _ shared: SharedSessions,
        _ done: @escaping StoreDone<(sessions: [SessionView], isWhole: Bool)>
    ) {
        let owner: SessionName.Owner? =
            switch client {
            case nil: nil
            case .key(let name)?: .key(name)
            default: .everyone
            }
        shared.store.list(owner, most: most) { answer in
            let names: (names: [SessionName], isWhole: Bool)
            switch answer {
            case .failure(let fault): return done(.failure(fault))
            case .success(let found): names = found
            }
            shared.store.read(names.names) { records in
                done(
                    records.map { records in
                        let views = zip(names.names, records).compactMap { name, record in
                            record.flatMap { Self.view(name, $0, shared.models) }
                        }
                        // Without keys a client sees its own.
                        let own = views.filter { view in
                            owner != .everyone || client.map { "\($0)" } == view.session.begunBy
                        }
                        return (own, names.isWhole)
                    }
                )
            }
        }
    }

    private static func view(
        _ name: SessionName,
        _ record: StoredRecord,
        _ models: StoredModels
    ) -> SessionView? {
        guard case .success(let (session, _)) = session(record, models) else { return nil }
        return SessionView(name: name, session: session, rest: record.rest)
    }

    // MARK: Keeping

    /// Keeps what a request changed; `done` is called with why it could not be, or nil.
    func keep(_ holder: SessionHolder, _ done: @escaping @Sendable (SessionFault?) -> Void) {
        let changes = holder.takeChanges()
        guard let shared, !changes.isEmpty else { return done(nil) }
        var stored: [StoreChange] = []
        do throws(ServiceError) {
            for (name, expected, change) in changes {
                stored.append(try Self.stored(name, from: expected, change, shared.models))
            }
        } catch {
            forget(stored)
            return done(.storeFault(reason: error.description))
        }
        let sent = stored
        shared.store.write(sent) { answer in
            let conflicts = (try? answer.get())?.count { !$0 } ?? 0
            shared.note(answer, conflicts: conflicts)
            switch answer {
            case .failure(let fault):
                self.forget(sent)
                done(.storeFault(reason: fault.reason))
            case .success(let made):
                guard let loser = zip(sent, made).first(where: { !$0.1 })?.0 else {
                    self.settle(sent)
                    return done(nil)
                }
                self.forget(sent)
                self.takeBack(zip(sent, made).filter { $0.1 && $0.0.expected == nil }.map(\.0))
                done(loser.expected == nil ? .taken : .busy)
            }
        }
    }

    /// A request that failed changes nothing.
    func giveUp(_ holder: SessionHolder) {
        let names = holder.takeChanges().map(\.name)
        let now = now
        table.withLock { table in
            for name in names { _ = table.end(name, at: now) }
        }
    }

    private static func stored(
        _ name: SessionName,
        from expected: String?,
        _ change: SessionHolder.Change,
        _ models: StoredModels
    ) throws(ServiceError) -> StoreChange {
        guard case .session(let session, let ttl) = change else {
            return StoreChange(name: name, expected: expected, content: nil)
        }
        let digest = try models.digest(of: session.model)
        let content = StoreChange.Content(
            version: SessionName.random(),
            bytes: StoredSession(session, digest: digest, ttl: ttl).bytes,
            ttl: ttl
        )
        return StoreChange(name: name, expected: expected, content: content)
    }

    /// What is here is what the store has: steps may go on from it.
    private func settle(_ changes: [StoreChange]) {
        let now = now
        table.withLock { table in
            for change in changes {
                guard let version = change.content?.version else { continue }
                try? table.change(change.name, isUse: false, at: now) { (session) in
                    session.storeVersion = version
                    session.isBusy = false
                }
            }
        }
    }

    /// What is here is not what the store has: who comes next fetches that.
    private func forget(_ changes: [StoreChange]) {
        let now = now
        table.withLock { table in
            for change in changes { _ = table.end(change.name, at: now) }
        }
    }

    /// Ends sessions that a request began of which not all could begin.
    private func takeBack(_ changes: [StoreChange]) {
        guard let shared, !changes.isEmpty else { return }
        let ends = changes.map {
            StoreChange(name: $0.name, expected: $0.content?.version, content: nil)
        }
        shared.store.write(ends) { _ in }
    }
}

extension Result where Failure == StoreFault {
    /// Why there is nothing; nil once `use` has taken it.
    fileprivate func fault(_ use: (Success) -> Void) -> SessionFault? {
        switch self {
        case .success(let value):
            use(value)
            return nil
        case .failure(let fault): return .storeFault(reason: fault.reason)
        }
    }
}
