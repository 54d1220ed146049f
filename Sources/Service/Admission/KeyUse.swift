import Synchronization
import Telemetry

/// What the holders of keys use at the moment; limits of the key file apply to it.
///
/// Keyed by name, so that reloading the file neither forgives nor forgets.
final class KeyUse: Sendable {
    private struct Use {
        /// Requests that may come at once, refilled with time.
        var tokens: Double
        var filled: ContinuousClock.Instant
        var running = 0
    }

    private let uses = Mutex<[String: Use]>([:])

    /// Counts a request against the key's rate, or throws how long to wait.
    func count(
        _ key: AccessKey,
        at now: ContinuousClock.Instant = .now
    ) throws(ServiceError) {
        guard let rate = key.requestsPerSecond else { return }
        try uses.withLock { (uses) throws(ServiceError) in
            var use = uses[key.name] ?? Use(tokens: Double(key.burst), filled: now)
            let earned = max(0, (now - use.filled).seconds) * Double(rate)
            use.tokens = min(Double(key.burst), use.tokens + earned)
            use.filled = now
            defer { uses[key.name] = use }
            guard use.tokens >= 1 else {
                let wait = (1 - use.tokens) / Double(rate)
                throw .tooManyRequests(
                    perSecond: rate,
                    retryAfterSeconds: max(1, Int(wait.rounded(.up)))
                )
            }
            use.tokens -= 1
        }
    }

    /// A place among the key's concurrent requests, given back with its last owner.
    func enter(_ key: AccessKey) throws(ServiceError) -> Place? {
        guard let limit = key.concurrentRequests else { return nil }
        try uses.withLock { (uses) throws(ServiceError) in
            var use = uses[key.name] ?? Use(tokens: Double(key.burst), filled: .now)
            guard use.running < limit else { throw .tooManyConcurrentRequests(limit: limit) }
            use.running += 1
            uses[key.name] = use
        }
        return Place(self, key.name)
    }

    fileprivate func leave(_ name: String) {
        uses.withLock { $0[name]?.running -= 1 }
    }

    /// Forgets keys that are no longer in the file, but for requests still running.
    func keep(_ names: Set<String>) {
        uses.withLock { uses in
            uses = uses.filter { names.contains($0.key) || $0.value.running > 0 }
        }
    }

    final class Place: Sendable {
        private let use: KeyUse
        private let name: String

        fileprivate init(_ use: KeyUse, _ name: String) {
            self.use = use
            self.name = name
        }

        deinit {
            use.leave(name)
        }
    }
}
