import Synchronization

/// What is kept for the shapes that came: plans of all models together, within a number of bytes.
///
/// The least recently used are dropped first. Answers do not depend on what is here.
public final class PlanStore: Sendable {
    /// What was asked for: outputs, from where on, and the sizes of all that was there.
    package struct Key: Hashable {
        let owner: Int
        let route: Int
        let first: Int
        let sizes: [Int]

        package init(owner: Int, route: Int, first: Int = 0, sizes: [Int]) {
            (self.owner, self.route, self.first, self.sizes) = (owner, route, first, sizes)
        }
    }

    private struct Entry {
        let value: (any Kept)?
        var lastUse: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var bytes = 0
        var clock = 0
        var owners = 0
    }

    /// Bytes for a key whose answer is that there is no plan, and beside each plan.
    private static let bytesPerEntry = 1 << 10

    private let limit: Int
    private let state = Mutex(State())

    public init(limit: Int = 256 << 20) {
        self.limit = limit
    }

    /// Bytes of all that is kept.
    public var bytes: Int { state.withLock { $0.bytes } }

    /// A number for one who keeps something here.
    package func newOwner() -> Int {
        state.withLock { state in
            state.owners += 1
            return state.owners
        }
    }

    /// What is known of a key.
    package enum Known {
        case nothing
        /// That there is no plan for it.
        case unplanned
        case kept(any Kept)
    }

    /// What is kept under `key`.
    package func value(for key: Key) -> Known {
        state.withLock { state in
            guard let place = state.entries.index(forKey: key) else { return .nothing }
            state.clock += 1
            state.entries.values[place].lastUse = state.clock
            return state.entries.values[place].value.map { .kept($0) } ?? .unplanned
        }
    }

    /// Keeps `value`, unless another was faster; returns the one that is kept.
    ///
    /// One that is larger than all there is room for is kept alone.
    package func insert(_ value: (any Kept)?, for key: Key) -> (any Kept)? {
        let (kept, dropped) = state.withLock { state -> ((any Kept)?, [Entry]) in
            state.clock += 1
            if let known = state.entries[key] { return (known.value, []) }
            state.entries[key] = Entry(value: value, lastUse: state.clock)
            state.bytes += Self.bytes(value)
            var dropped: [Entry] = []
            guard state.bytes > limit else { return (value, dropped) }
            // Some more than needed, so that not every insertion has to look for the oldest.
            let order = state.entries.filter { $0.key != key }
                .sorted { $0.value.lastUse < $1.value.lastUse }
            for (old, entry) in order where state.bytes > limit - limit / 16 {
                state.entries.removeValue(forKey: old)
                state.bytes -= Self.bytes(entry.value)
                dropped.append(entry)
            }
            return (value, dropped)
        }
        // Arenas are freed outside of the lock.
        withExtendedLifetime(dropped) {}
        return kept
    }

    /// Drops all of one owner's.
    package func forget(_ owner: Int) {
        let dropped = state.withLock { state -> [Entry] in
            let own = state.entries.filter { $0.key.owner == owner }
            for (key, entry) in own {
                state.entries.removeValue(forKey: key)
                state.bytes -= Self.bytes(entry.value)
            }
            return Array(own.values)
        }
        withExtendedLifetime(dropped) {}
    }

    private static func bytes(_ value: (any Kept)?) -> Int {
        (value?.keptBytes ?? 0) + bytesPerEntry
    }
}

/// What stays in memory for shapes that may come again.
package protocol Kept: AnyObject, Sendable {
    /// Bytes it may hold between runs.
    var keptBytes: Int { get }
}

extension Plan: Kept {}
