import Synchronization

/// The memory of one pass, counted as long as it is there.
public final class Arena: Sendable {
    public let storage: FloatStorage
    private let ledger: MemoryLedger

    /// The first float.
    public var start: FloatPosition { storage.start }

    /// Nil if the ledger has no room for `count` floats.
    fileprivate init?(count: Int, _ ledger: MemoryLedger) {
        guard ledger.reserve(count * MemoryLayout<Float>.stride) else { return nil }
        storage = FloatStorage(count: count)
        self.ledger = ledger
    }

    deinit { ledger.release(storage.count * MemoryLayout<Float>.stride) }
}

/// Arenas for the passes of all plans: nothing in one outlives its pass, so that plans need none of their own.
///
/// As many are kept as cores could use at once, two each, since a pass may begin with what another left in its arena;
/// but not more than some bytes of them, and none that is large: to allocate that costs little beside its pass.
public final class ArenaPool: Sendable {
    private static let largestKept = 64 << 20
    private static let mostKept = 128 << 20

    private let ledger: MemoryLedger
    private let most: Int
    private let idle = Mutex<[Arena]>([])

    init(most: Int, _ ledger: MemoryLedger) {
        self.most = most
        self.ledger = ledger
    }

    /// At least `count` floats, of any content; nil if there is no memory for them.
    public func borrow(count: Int) -> Arena? {
        if let known = takeIdle(count) { return poisoned(known) }
        if let made = Arena(count: Self.rounded(count), ledger) { return made }
        // What waits for the next passes is memory too.
        return dropsIdle() ? Arena(count: count, ledger) : nil
    }

    /// Frees all that is kept; false if that is nothing.
    private func dropsIdle() -> Bool {
        let dropped = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        return !dropped.isEmpty
    }

    /// The smallest that is large enough.
    private func takeIdle(_ count: Int) -> Arena? {
        // Plain loops here and below: functions over lists allocate in a debug build.
        idle.withLock { idle -> Arena? in
            var best = -1
            var index = 0
            while index < idle.count {
                let size = idle[index].storage.count
                if size >= count, best < 0 || size < idle[best].storage.count { best = index }
                index += 1
            }
            return best < 0 ? nil : idle.remove(at: best)
        }
    }

    /// Keeps an arena for the next pass, unless that would be too much; the smallest go first.
    public func giveBack(_ arena: Arena) {
        guard Self.bytes(arena) <= Self.largestKept else { return }
        var dropped: Arena?
        repeat {
            dropped = idle.withLock { idle -> Arena? in
                if dropped == nil { idle.append(arena) }
                return takeSurplus(&idle)
            }
            // Freed outside of the lock.
        } while dropped != nil
    }

    /// The smallest, if all together are too much for `most` cores.
    private func takeSurplus(_ idle: inout [Arena]) -> Arena? {
        var (sum, least, index) = (0, 0, 0)
        while index < idle.count {
            sum += Self.bytes(idle[index])
            if idle[index].storage.count < idle[least].storage.count { least = index }
            index += 1
        }
        return idle.count > most || sum > Self.mostKept ? idle.remove(at: least) : nil
    }

    private static func bytes(_ arena: Arena) -> Int {
        arena.storage.count * MemoryLayout<Float>.stride
    }

    /// A little more, so that sizes which differ little share an arena; whole pages of it that nobody uses are not there.
    private static func rounded(_ count: Int) -> Int {
        guard count >= 1 << 14, count < largestKept / MemoryLayout<Float>.stride else {
            return count
        }
        let step = 1 << (Int.bitWidth - count.leadingZeroBitCount - 4)
        return (count + step - 1) / step * step
    }

    /// In debug builds, an arena in which whatever was not computed shows.
    private func poisoned(_ arena: Arena) -> Arena {
        #if DEBUG
        arena.start.fill(.nan, count: arena.storage.count)
        #endif
        return arena
    }
}
