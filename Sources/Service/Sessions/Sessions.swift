import Dispatch
import Models
import Synchronization
import Telemetry

/// The sessions of this server: recurrent states that stay here between requests.
///
/// Sessions, sequences of the sequence extension and sessions of SageMaker are the same under other names. A session
/// belongs to the key that began it; one of its steps runs at a time; nobody's session gives way to another's.
final class Sessions: Sendable {
    let table: Mutex<SessionTable>
    private let epoch = ContinuousClock.now
    private let timer = Mutex<(any DispatchSourceTimer)?>(nil)
    /// Whether a model is the one that is served under its name and version.
    private let isServed: @Sendable (Model) -> Bool
    /// What servers share, if they do.
    let shared: SharedSessions?

    init(
        _ limits: SessionTable.Limits,
        shared: SharedSessions? = nil,
        isServed: @escaping @Sendable (Model) -> Bool
    ) {
        table = Mutex(SessionTable(limits))
        self.shared = shared
        self.isServed = isServed
    }

    deinit { timer.withLock { $0?.cancel() } }

    /// Bounds sessions to come.
    func limit(to limits: SessionTable.Limits) { table.withLock { $0.limits = limits } }

    /// How many there are, and what they take.
    var figures: (count: Int, bytes: Int) { table.withLock { ($0.count, $0.bytes) } }

    var now: Double { (ContinuousClock.now - epoch).seconds }

    /// Expired states are freed though nobody asks.
    func startTimer() {
        timer.withLock { timer in
            guard timer == nil else { return }
            let source = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
            source.schedule(deadline: .now() + 1, repeating: 1, leeway: .milliseconds(200))
            source.setEventHandler { [weak self] in self?.look() }
            source.resume()
            timer = source
        }
    }

    private func look() {
        let now = now
        while !table.withLock({ $0.sweep(to: now) }) {}
        table.withLock { $0.drain(at: now, isServed: isServed) }
        shared?.models.sweep(isServed)
    }

    // MARK: Sessions

    /// Begins a session at a state; returns the seconds until it expires.
    func begin(
        _ name: SessionName,
        _ model: Model,
        _ carried: CarriedState,
        ttl: Int,
        of client: ClientIdentity,
        for holder: SessionHolder?,
        isLocal: Bool = false
    ) throws(SessionFault) {
        startTimer()
        if !isLocal { try checkFree([name], holder) }
        let now = now
        var session = HeldSession(model: model, carried: carried)
        session.isLocal = isLocal
        session.begunBy = "\(client)"
        try table.withLock { (table) throws(SessionFault) in
            try table.begin(name, session, ttl: Double(ttl), of: client, at: now)
        }
        if !isLocal { holder?.change(name, to: .session(session, ttl: ttl)) }
    }

    /// - Throws: `elsewhere` before a request has looked in the store, `taken` for what is there.
    private func checkFree(
        _ names: [SessionName],
        _ holder: SessionHolder?
    ) throws(SessionFault) {
        guard let holder else { return }
        try holder.check(names)
        for name in names {
            switch try holder.found(name) {
            // The table says whether it is there still.
            case .nothing, .session, .fault(.expired): continue
            case .fault: throw .taken
            }
        }
    }

    /// - Throws: `elsewhere` before a request has fetched the session, or why it cannot go on here.
    private func checkHere(
        _ name: SessionName,
        _ holder: SessionHolder?
    ) throws(SessionFault) {
        guard let holder, !table.withLock({ $0.isLocal(name) }) else { return }
        if case .fault(let fault) = try holder.found(name) { throw fault }
    }

    /// Begins several sessions where another stands, or none.
    func branch(
        _ name: SessionName,
        to names: [SessionName],
        of client: ClientIdentity,
        _ holder: SessionHolder?
    ) throws(SessionFault) -> SessionView {
        try checkHere(name, holder)
        try checkFree(names, holder)
        let now = now
        let (view, branch) = try table.withLock { (table) throws(SessionFault) in
            let (source, ttl, _) = try table.session(name, at: now)
            var branch = HeldSession(model: source.model, carried: source.carried)
            branch.begunBy = "\(client)"
            var begun: [SessionName] = []
            for name in names {
                do throws(SessionFault) {
                    try table.begin(name, branch, ttl: ttl, of: client, at: now)
                    begun.append(name)
                } catch {
                    for one in begun { _ = table.end(one, at: now) }
                    throw error
                }
            }
            return (SessionView(name: name, session: source, rest: ttl), branch)
        }
        for name in names {
            holder?.change(name, to: .session(branch, ttl: Int(view.rest)))
        }
        return view
    }

    func session(
        _ name: SessionName,
        _ holder: SessionHolder?
    ) throws(SessionFault) -> SessionView {
        try checkHere(name, holder)
        let now = now
        return try table.withLock { (table) throws(SessionFault) in
            let (session, _, rest) = try table.session(name, at: now)
            return SessionView(name: name, session: session, rest: rest)
        }
    }

    /// Sessions that count for a client, or for all, and whether there are no more.
    func list(
        of client: ClientIdentity?,
        most: Int,
        _ holder: SessionHolder?
    ) throws(SessionFault) -> (sessions: [SessionView], isWhole: Bool) {
        if let holder { return try holder.listing(of: client, most: most) }
        let now = now
        return table.withLock { table in
            let found = table.list(of: client, most: most + 1, at: now)
            return (Array(found.prefix(most)), found.count <= most)
        }
    }

    /// Ends a session; its state is gone.
    func end(_ name: SessionName, _ holder: SessionHolder?) throws(SessionFault) {
        try checkHere(name, holder)
        let now = now
        let session = try table.withLock { (table) throws(SessionFault) in
            let (session, _, _) = try table.session(name, at: now)
            _ = table.end(name, at: now)
            return session
        }
        if !session.isLocal { holder?.change(name, to: .nothing, from: session.storeVersion) }
    }

    /// Puts a session somewhere else.
    func set(
        _ name: SessionName,
        to carried: CarriedState,
        _ holder: SessionHolder?
    ) throws(SessionFault) -> SessionView {
        try checkHere(name, holder)
        let now = now
        try table.withLock { (table) throws(SessionFault) in
            try table.change(name, isUse: true, at: now) { (session) throws(SessionFault) in
                guard !session.isBusy else { throw .busy }
                session.carried = carried
                session.kept = nil
            }
        }
        let view = try session(name, holder)
        if !view.session.isLocal {
            holder?.change(
                name,
                to: .session(view.session, ttl: Int(view.rest.rounded())),
                from: view.session.storeVersion
            )
        }
        return view
    }

    // MARK: Steps

    /// Begins a step of a session: it is busy until the step is let go of.
    func step(
        _ name: SessionName,
        _ holder: SessionHolder?
    ) throws(SessionFault) -> SessionStep {
        try checkHere(name, holder)
        let now = now
        let (session, ttl) = try table.withLock { (table) throws(SessionFault) in
            try table.change(name, isUse: false, at: now) { (session) throws(SessionFault) in
                guard !session.isBusy else { throw .busy }
                session.isBusy = true
            }
            let (session, ttl, _) = try table.session(name, at: now)
            return (session, ttl)
        }
        return SessionStep(
            self,
            name,
            session,
            ttl: Int(ttl),
            for: session.isLocal ? nil : holder
        )
    }

    /// Begins a sequence, or goes on with it; what was there under the name when it starts anew is gone.
    func sequenceStep(
        _ name: SessionName,
        of model: Model,
        starts: Bool,
        ttl: Int,
        _ client: ClientIdentity,
        _ holder: SessionHolder?
    ) throws(SessionFault) -> SessionStep {
        if starts {
            do throws(SessionFault) {
                let known = try session(name, holder)
                guard !known.session.isBusy else { throw .busy }
                try end(name, holder)
            } catch .unknown {
            } catch .expired {
            }
            try begin(
                name,
                model,
                CarriedState(state: model.initialState()),
                ttl: ttl,
                of: client,
                for: holder
            )
        }
        let step = try step(name, holder)
        step.isFirst = starts
        return step
    }

    func conclude(
        _ step: SessionStep,
        _ carried: CarriedState,
        _ kept: KeptAnswer?
    ) throws(SessionFault) {
        let (now, name, serial) = (now, step.name, step.serial)
        var held: HeldSession?
        try table.withLock { (table) throws(SessionFault) in
            try table.change(name, isUse: true, at: now) { (session) throws(SessionFault) in
                // It was ended meanwhile, and another has its name.
                guard session.serial == serial else { throw .unknown }
                session.carried = carried
                session.kept = kept
                // It stays so until the store has it.
                session.isBusy = step.holder != nil
                held = session
            }
        }
        if let held {
            step.holder?.change(name, to: .session(held, ttl: step.ttl), from: held.storeVersion)
        }
    }

    func giveUp(_ step: SessionStep, ends: Bool) {
        let (now, name, serial) = (now, step.name, step.serial)
        table.withLock { table in
            guard let known = try? table.session(name, at: now).session, known.serial == serial
            else { return }
            if ends {
                _ = table.end(name, at: now)
                step.holder?.change(name, to: .nothing, from: known.storeVersion)
            }
            try? table.change(name, isUse: false, at: now) { (session) throws(SessionFault) in
                session.isBusy = false
            }
        }
    }
}

/// A session as somebody sees it from outside.
struct SessionView: Sendable {
    let name: SessionName
    let session: HeldSession
    /// Seconds until it expires.
    let rest: Double
}
