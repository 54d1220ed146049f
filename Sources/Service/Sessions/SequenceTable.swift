import Compute
import Graph
import Models
import Telemetry

/// The sequences that are remembered, shared fairly by their clients.
///
/// Each client may have so many, and a quarter of the bytes. When the table is full, a client that has fewer than
/// another takes the place of the other's oldest; so nobody is kept out by those who have most.
struct SequenceTable {
    struct Limits: Sendable {
        var sequences = 1024
        var ofClient = 256
        /// Of all states together.
        var bytes = 256 << 20
        /// A sequence is forgotten when nothing came for so long.
        var longestPause = Duration.seconds(600)

        var bytesOfClient: Int { bytes / 4 }
    }

    struct Key: Hashable {
        let client: ClientIdentity
        let model: String
        let version: String
        let id: String
    }

    private struct Held {
        /// Not kept alive by what nobody may come back for.
        weak var model: Model?
        var states: [String: Tensor] = [:]
        var bytes = 0
        var isBusy = true
        var lastUse = ContinuousClock.now
    }

    private struct Share {
        var sequences = 0
        var bytes = 0
    }

    private let limits: Limits
    private var held: [Key: Held] = [:]
    private var shares: [ClientIdentity: Share] = [:]
    private var bytes = 0
    private var lastLook = ContinuousClock.now

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// The states to start from; the sequence is busy from now on.
    mutating func begin(
        _ key: Key,
        _ model: Model,
        starts: Bool
    ) throws(SequenceFault) -> [String: Tensor] {
        if ContinuousClock.now - lastLook > limits.longestPause / 10 { removeForgotten() }
        if held[key]?.isBusy == true { throw .busy }
        if starts {
            remove(key)
            try makePlace(for: key.client)
            held[key] = Held(model: model)
            shares[key.client, default: Share()].sequences += 1
            return [:]
        }
        guard let known = held[key], known.model === model, !isForgotten(known, .now) else {
            remove(key)
            throw .unknown
        }
        held[key]?.isBusy = true
        return known.states
    }

    /// Remembers the states after a step.
    mutating func keep(_ key: Key, _ states: [String: Tensor]) throws(SequenceFault) {
        guard held[key] != nil else { return }
        let size = states.values.reduce(0) { $0 + $1.elements.byteCount }
        guard size <= limits.bytesOfClient else { throw .tooLarge(limit: limits.bytesOfClient) }
        resize(key, to: size)
        held[key]?.states = states
        held[key]?.lastUse = .now
        // This one is busy still, and so is none of those that give way.
        while (shares[key.client]?.bytes ?? 0) > limits.bytesOfClient {
            guard forgetOldest(of: key.client) else { break }
        }
        while bytes > limits.bytes {
            guard let greediest = shares.max(by: { $0.value.bytes < $1.value.bytes }),
                forgetOldest(of: greediest.key)
            else { break }
        }
        held[key]?.isBusy = false
    }

    /// Ends a step that failed: the sequence stays where it was, and has not begun if that `starts` it.
    mutating func giveUp(_ key: Key, starts: Bool) {
        if starts { remove(key) } else { held[key]?.isBusy = false }
    }

    mutating func remove(_ key: Key) {
        guard held[key] != nil else { return }
        resize(key, to: 0)
        held[key] = nil
        shares[key.client]?.sequences -= 1
        if shares[key.client]?.sequences == 0 { shares[key.client] = nil }
    }

    private mutating func resize(_ key: Key, to size: Int) {
        let change = size - (held[key]?.bytes ?? 0)
        held[key]?.bytes = size
        shares[key.client]?.bytes += change
        bytes += change
    }

    /// Makes sure that the client may have one more.
    private mutating func makePlace(for client: ClientIdentity) throws(SequenceFault) {
        var own: Int { shares[client]?.sequences ?? 0 }
        if own >= limits.ofClient || held.count >= limits.sequences { removeForgotten() }
        guard own < limits.ofClient else { throw .tooManyOfClient(limit: limits.ofClient) }
        guard held.count >= limits.sequences else { return }
        let others = shares.filter { $0.value.sequences > own + 1 || $0.key == client && own > 0 }
        guard let greediest = others.max(by: { $0.value.sequences < $1.value.sequences }),
            forgetOldest(of: greediest.key)
        else { throw .tooMany(limit: limits.sequences) }
    }

    private mutating func removeForgotten() {
        let now = ContinuousClock.now
        lastLook = now
        for (key, sequence) in held where !sequence.isBusy && isForgotten(sequence, now) {
            remove(key)
        }
    }

    private func isForgotten(_ sequence: Held, _ now: ContinuousClock.Instant) -> Bool {
        now - sequence.lastUse >= limits.longestPause
    }

    /// Forgets what a client has not used for longest; false if all of its sequences are busy.
    private mutating func forgetOldest(of client: ClientIdentity) -> Bool {
        let idle = held.lazy.filter { $0.key.client == client && !$0.value.isBusy }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
            return false
        }
        remove(oldest.key)
        return true
    }
}

extension Configuration {
    var sequenceTable: SequenceTable.Limits {
        SequenceTable.Limits(sequences: sequences, ofClient: clientSequences, bytes: sequenceBytes)
    }
}
