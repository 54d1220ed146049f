import FoundationEssentials
import Models

/// The sessions that are held: who has which, what they take, and when they end.
///
/// All decisions, without clocks and locks.
/// Each operation takes a time that does not depend on how many there are. Seconds count from any fixed moment.
struct SessionTable {
    struct Limits: Sendable {
        /// Of all sessions together, their names and what is kept for retries too.
        var bytes = 256 << 20
        /// Seconds for which sessions of a model that is no longer served go on.
        var drainSeconds = 600
        /// Ended sessions that are remembered, so that a client is told what became of its own.
        var tombstones = 1 << 16
    }

    /// What a session takes beside its state: names, places in the table, the headers of its arrays.
    static let overhead = 768

    private struct Slot {
        let name: SessionName
        /// Whose share it counts for.
        let client: ClientIdentity
        var content: Content
        var ttl: Double
        /// When it expires, or is forgotten if it has ended.
        var end: Double
        var lastUse: Double
        var bytes = 0
    }

    private enum Content {
        case held(HeldSession)
        case ended(SessionEnd)
    }

    private var slots = WheelSlots<Slot>()
    private var places: [SessionName: Int] = [:]
    private var shares: [ClientIdentity: Int] = [:]
    private var models: [ObjectIdentifier: ServedSince] = [:]
    private var tombstones = 0
    private var nextSerial = 0
    private(set) var bytes = 0
    var limits: Limits

    /// A model that sessions run, and since when it is no longer the one that is served.
    private struct ServedSince {
        let model: Model
        var sessions = 0
        var replacedAt: Double?
    }

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Sessions that can go on.
    var count: Int { places.count - tombstones }

    // MARK: Beginning and ending

    /// Begins a session; what ended under the same name is forgotten.
    mutating func begin(
        _ name: SessionName,
        _ session: HeldSession,
        ttl: Double,
        of client: ClientIdentity,
        at now: Double
    ) throws(SessionFault) {
        sweep(to: now)
        if let place = place(of: name, at: now) {
            if case .held = slots[place].content { throw .taken }
            remove(place)
        }
        try checkRoom(for: session.bytes + Self.overhead, of: client)
        insert(name, session, ttl: ttl, of: client, at: now)
    }

    private mutating func insert(
        _ name: SessionName,
        _ session: HeldSession,
        ttl: Double,
        of client: ClientIdentity,
        at now: Double
    ) {
        var session = session
        nextSerial += 1
        session.serial = nextSerial
        let slot = Slot(
            name: name,
            client: client,
            content: .held(session),
            ttl: ttl,
            end: now + ttl,
            lastUse: now
        )
        let place = slots.insert(slot, due: slots.tick(now + ttl))
        places[name] = place
        count(session.bytes + Self.overhead, at: place)
        models[ObjectIdentifier(session.model), default: ServedSince(model: session.model)]
            .sessions += 1
    }

    /// Takes a session that a store has had, with the seconds that it has left, unless a step of it runs here.
    mutating func install(
        _ name: SessionName,
        _ session: HeldSession,
        ttl: Double,
        rest: Double,
        of client: ClientIdentity,
        at now: Double
    ) throws(SessionFault) {
        if let place = places[name] {
            if case .held(let known) = slots[place].content, known.isBusy { return }
            remove(place)
        }
        // Its client's share was looked at when it began; others may have taken what was free then.
        guard bytes + session.bytes + Self.overhead <= limits.bytes else {
            throw .noRoom(held: shares[client] ?? 0, all: bytes, limit: limits.bytes)
        }
        insert(name, session, ttl: ttl, of: client, at: now)
        guard let place = places[name] else { return }
        slots[place].end = now + rest
        slots.move(place, due: slots.tick(slots[place].end))
    }

    /// Forgets what a store has no more, unless a request here is about to change that.
    mutating func discard(_ name: SessionName) {
        guard let place = places[name], case .held(let session) = slots[place].content,
            !session.isBusy, session.storeVersion != nil
        else { return }
        remove(place)
    }

    /// Whether a session of this server only has the name.
    func isLocal(_ name: SessionName) -> Bool {
        guard let place = places[name], case .held(let session) = slots[place].content else {
            return false
        }
        return session.isLocal
    }

    /// All that can go on, for the next process.
    func everything(at now: Double) -> [(held: SessionView, ttl: Int, client: ClientIdentity)] {
        places.values.compactMap { place in
            let slot = slots[place]
            guard case .held(let session) = slot.content, slot.end > now, !session.isLocal else {
                return nil
            }
            let view = SessionView(name: slot.name, session: session, rest: slot.end - now)
            return (view, Int(slot.ttl), slot.client)
        }
    }

    /// Ends a session; false if there is none.
    mutating func end(_ name: SessionName, at now: Double) -> Bool {
        sweep(to: now)
        guard let place = place(of: name, at: now) else { return false }
        let wasHeld = if case .held = slots[place].content { true } else { false }
        remove(place)
        return wasHeld
    }

    // MARK: Looking and changing

    /// The session as it is, and the time until it expires.
    mutating func session(
        _ name: SessionName,
        at now: Double
    ) throws(SessionFault) -> (session: HeldSession, ttl: Double, rest: Double) {
        sweep(to: now)
        guard let place = place(of: name, at: now) else { throw .unknown }
        let slot = slots[place]
        switch slot.content {
        case .held(let session): return (session, slot.ttl, slot.end - now)
        case .ended(let end): throw .expired(end, ttl: Int(slot.ttl), ago: Int(now - slot.lastUse))
        }
    }

    /// Changes a session; with `isUse` its time begins anew.
    mutating func change(
        _ name: SessionName,
        isUse: Bool,
        at now: Double,
        _ body: (inout HeldSession) throws(SessionFault) -> Void
    ) throws(SessionFault) {
        var (session, ttl, _) = try session(name, at: now)
        guard let place = places[name] else { throw .unknown }
        try body(&session)
        let size = session.bytes + Self.overhead
        let more = size - slots[place].bytes
        if more > 0 { try checkRoom(for: more, of: slots[place].client) }
        count(more, at: place)
        slots[place].content = .held(session)
        guard isUse else { return }
        slots[place].lastUse = now
        slots[place].end = now + ttl
        slots.move(place, due: slots.tick(now + ttl))
    }

    /// Some sessions that count for a client, or for all.
    func list(of client: ClientIdentity?, most: Int, at now: Double) -> [SessionView] {
        var found: [SessionView] = []
        for place in places.values where found.count < most {
            let slot = slots[place]
            guard case .held(let session) = slot.content, slot.end > now,
                client ?? slot.client == slot.client
            else { continue }
            found.append(SessionView(name: slot.name, session: session, rest: slot.end - now))
        }
        return found
    }

    // MARK: Time

    /// Where the session of a name is, or what is left of it.
    private mutating func place(of name: SessionName, at now: Double) -> Int? {
        // Seconds are swept as a whole.
        if let place = places[name], slots[place].end <= now { expire(place, at: now) }
        return places[name]
    }

    /// Sessions that are ended at a time: nobody waits for all that expired together.
    private static let mostSwept = 256

    /// Ends some of what has expired by now, and forgets some of what ended long ago; returns whether there is no more.
    @discardableResult
    mutating func sweep(to now: Double) -> Bool {
        for _ in 0..<Self.mostSwept {
            guard let place = slots.popDue(before: slots.tick(now)) else { return true }
            expire(place, at: now)
        }
        return false
    }

    private mutating func expire(_ place: Int, at now: Double) {
        switch slots[place].content {
        case .held(let session) where session.isBusy:
            // A step that runs ends first; it is a use.
            slots[place].end = now + slots[place].ttl
            slots.move(place, due: slots.tick(slots[place].end))
        case .held: bury(place, .expired)
        case .ended: remove(place)
        }
    }

    /// Looks which models are served still, and ends the sessions of those that are not after the time for that.
    mutating func drain(at now: Double, isServed: (Model) -> Bool) {
        var over: Set<ObjectIdentifier> = []
        for (key, use) in models {
            if isServed(use.model) {
                models[key]?.replacedAt = nil
                continue
            }
            let since = use.replacedAt ?? now
            models[key]?.replacedAt = since
            if now - since >= Double(limits.drainSeconds) { over.insert(key) }
        }
        guard !over.isEmpty else { return }
        for place in Array(places.values) {
            guard case .held(let session) = slots[place].content, !session.isBusy,
                over.contains(ObjectIdentifier(session.model))
            else { continue }
            bury(place, .modelReplaced)
        }
    }

    /// Frees a session's state; that it ended is remembered for as long as it lived unused.
    private mutating func bury(_ place: Int, _ end: SessionEnd) {
        release(place)
        guard tombstones < limits.tombstones else {
            places[slots[place].name] = nil
            slots.remove(place)
            return
        }
        tombstones += 1
        slots[place].content = .ended(end)
        slots[place].end += slots[place].ttl
        slots.move(place, due: slots.tick(slots[place].end))
    }

    private mutating func remove(_ place: Int) {
        if case .ended = slots[place].content { tombstones -= 1 } else { release(place) }
        places[slots[place].name] = nil
        slots.remove(place)
    }

    /// What a session held is free.
    private mutating func release(_ place: Int) {
        count(-slots[place].bytes, at: place)
        guard case .held(let session) = slots[place].content else { return }
        let key = ObjectIdentifier(session.model)
        models[key]?.sessions -= 1
        if models[key]?.sessions == 0 { models[key] = nil }
    }

    // MARK: Room

    /// Three times what is free then is the most a client may hold: so there is always room for who comes new.
    private func checkRoom(for size: Int, of client: ClientIdentity) throws(SessionFault) {
        let own = (shares[client] ?? 0) + size
        let free = limits.bytes - bytes - size
        guard free >= 0, own <= 3 * free else {
            throw .noRoom(held: shares[client] ?? 0, all: bytes, limit: limits.bytes)
        }
    }

    private mutating func count(_ change: Int, at place: Int) {
        let client = slots[place].client
        slots[place].bytes += change
        bytes += change
        let share = (shares[client] ?? 0) + change
        shares[client] = share > 0 ? share : nil
    }
}

extension Configuration {
    /// Where sessions in memory wait; nil where none do, as a store has them.
    var sessionsPath: URL? {
        sessionsFile.isEmpty || !sessionStore.isEmpty ? nil : URL(fileURLWithPath: sessionsFile)
    }

    var sessions: SessionTable.Limits {
        SessionTable.Limits(bytes: sessionBytes, drainSeconds: sessionDrainSeconds)
    }
}
