/// What is called once a store has answered.
typealias StoreDone<Value> = @Sendable (Result<Value, StoreFault>) -> Void

/// Where servers keep the sessions that they share.
protocol SessionStore: Sendable {
    /// Reads what is kept under names; nil for what is not there. `done` is called by a thread of the store's.
    func read(_ names: [SessionName], _ done: @escaping StoreDone<[StoredRecord?]>)

    /// Makes changes, each if nobody else has changed the session since it was read; which were made.
    ///
    /// A change that was made already is one that was made.
    func write(_ changes: [StoreChange], _ done: @escaping StoreDone<[Bool]>)

    /// Some of an owner's sessions, or of everybody's, and whether there are no more.
    func list(
        _ owner: SessionName.Owner?,
        most: Int,
        _ done: @escaping StoreDone<(names: [SessionName], isWhole: Bool)>
    )
}

/// A session as a store has it.
struct StoredRecord: Sendable {
    /// Tells it from what was kept under the name before and after.
    let version: String
    let bytes: [UInt8]
    /// Seconds until it expires; below 0 since when it has.
    let rest: Double
}

/// What is to be kept under a name from now on.
struct StoreChange: Sendable {
    struct Content: Sendable {
        let version: String
        let bytes: [UInt8]
        /// Seconds.
        let ttl: Int
    }

    let name: SessionName
    /// What must be there; nil if nothing may be.
    let expected: String?
    /// nil has it removed.
    let content: Content?
}

/// A store did not answer: nothing was lost, and what was sent may have been done or not.
struct StoreFault: Error, Sendable {
    let reason: String
}
