import Synchronization

/// Bytes that the bodies of all connections together may hold.
///
/// A limit for each body alone is none for thousands of clients that send large ones at once.
final class BodyBudget: Sendable {
    let limit: Int
    private let used = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes `count` bytes, or none if that would exceed the limit.
    func take(_ count: Int) -> Bool {
        guard count > 0 else { return true }
        KeptMemory.note(count)
        let before = used.add(count, ordering: .relaxed).oldValue
        guard before > limit - count else { return true }
        used.subtract(count, ordering: .relaxed)
        return false
    }

    func give(_ count: Int) {
        used.subtract(count, ordering: .relaxed)
    }

    var isUnused: Bool { used.load(ordering: .relaxed) == 0 }
}

/// Part of a budget, given back with its last owner.
final class BodyLease: Sendable {
    private let budget: BodyBudget
    private let count: Int

    /// Owns `count` bytes that were taken before.
    init(of budget: BodyBudget, _ count: Int) {
        self.budget = budget
        self.count = count
    }

    deinit {
        budget.give(count)
    }
}
