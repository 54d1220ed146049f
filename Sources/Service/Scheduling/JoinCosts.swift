import Synchronization

/// How much was computed together since the start.
final class JoinFigures: Sendable {
    private let batchCount = Atomic(0)
    private let requestCount = Atomic(0)

    var batches: Int { batchCount.load(ordering: .relaxed) }
    var requests: Int { requestCount.load(ordering: .relaxed) }

    func note(_ requests: Int) {
        batchCount.add(1, ordering: .relaxed)
        requestCount.add(requests, ordering: .relaxed)
    }
}

/// What steps of a model cost, alone and several together, as it was measured: joined are those that gain by it.
///
/// What is measured for the first time makes a plan, and does not count.
final class JoinCosts: Sendable {
    /// Joined steps must cost less than this share of single ones.
    private static let worthwhile = 0.85
    /// Single steps after which joining is tried again, where it did not pay before.
    private static let patience = 1024
    private static let weight = 0.2
    /// Seconds of a step that is worth sharing among cores.
    private static let longStep = 1e-4

    private struct Costs {
        /// Seconds of a chunk of so many steps of one sequence.
        var alone: [Int: Double] = [:]
        /// Seconds of a step of so many sequences.
        var joined: [Int: Double] = [:]
        var seen: Set<Int> = []
        /// Whether the sequences of a batch were compared with single ones: then they agreed.
        var isProven = false
        var isImpossible = false
        var aloneSteps = 0
    }

    private let costs = Mutex(Costs())

    /// Whether it is known that a batch gives every sequence the bits it has alone.
    var isProven: Bool {
        get { costs.withLock(\.isProven) }
        set { costs.withLock { $0.isProven = newValue } }
    }

    /// From now on nothing is joined.
    func forbid() { costs.withLock { $0.isImpossible = true } }

    /// Whether steps gain by being computed together, or that is not known yet.
    var mayJoin: Bool {
        costs.withLock { costs in
            guard !costs.isImpossible else { return false }
            guard let alone = costs.alone[1], !costs.joined.isEmpty else { return true }
            return costs.joined.contains { $0.value < Self.worthwhile * alone * Double($0.key) }
        }
    }

    /// Whether steps are so long, and gain so much, that one batch over all cores is better than one on each.
    var takesAllCores: Bool {
        costs.withLock { costs in
            guard !costs.isImpossible, let alone = costs.alone[1], alone > Self.longStep else {
                return false
            }
            return costs.joined.contains { 2 * $0.value < alone * Double($0.key) }
        }
    }

    /// Whether `chunk` steps of one sequence at once are cheaper than as many steps of it among others.
    func prefersAlone(chunk: Int) -> Bool {
        guard chunk > 1 else { return false }
        return costs.withLock { costs in
            guard let alone = costs.alone[chunk] else { return true }
            let joined = costs.joined.map { $0.value / Double($0.key) }.min()
            return alone / Double(chunk) < joined ?? .infinity
        }
    }

    /// How many of so many sequences go along in a batch: those that make a step of each cheapest.
    func members(of count: Int, batch: (Int) -> Int) -> Int {
        costs.withLock { costs in
            let size = batch(count)
            guard size > count, let whole = costs.joined[size], let half = costs.joined[size / 2],
                half / Double(size / 2) < whole / Double(count)
            else { return count }
            return size / 2
        }
    }

    func note(alone chunk: Int, seconds: Double) {
        costs.withLock { costs in
            costs.aloneSteps += 1
            if costs.aloneSteps % Self.patience == 0 { costs.joined = [:] }
            guard costs.seen.insert(-chunk).inserted == false else { return }
            Self.learn(&costs.alone[chunk], seconds)
        }
    }

    func note(joined batch: Int, seconds: Double) {
        costs.withLock { costs in
            costs.aloneSteps = 0
            guard costs.seen.insert(batch).inserted == false else { return }
            Self.learn(&costs.joined[batch], seconds)
        }
    }

    /// Other work on the machine only ever adds to a measurement.
    private static func learn(_ known: inout Double?, _ seconds: Double) {
        guard let before = known, seconds > before else {
            known = seconds
            return
        }
        known = before + weight * (seconds - before)
    }
}
