import Telemetry

/// What one client waits for, in the order in which it is taken.
struct FairLine<Element: Sendable>: Sendable {
    /// What has to be so that an entry may be taken.
    enum Kind: Int, CaseIterable, Sendable {
        /// It was taken before and came back: always.
        case begun
        case short
        case long
    }

    struct Entry: Sendable {
        let element: Element
        /// Predicted seconds until it comes back or ends.
        let seconds: Double
        /// Its place among its client's entries; the lowest goes first.
        let level: Int
        let kind: Kind
        /// Its number among all entries of all clients; later ones have greater numbers.
        let order: Int
    }

    /// Entries of one kind.
    private struct Lane {
        var entries: [Entry] = []
        /// Entries taken already.
        var taken = 0

        var first: Entry? { taken < entries.count ? entries[taken] : nil }
        var last: Entry? { taken < entries.count ? entries[entries.count - 1] : nil }

        mutating func insert(_ entry: Entry) {
            // Nearly always the end.
            var place = entries.count
            while place > taken, entries[place - 1].level > entry.level { place -= 1 }
            entries.insert(entry, at: place)
        }

        /// Entries are in the order of their levels, those of one level in that in which they came.
        mutating func remove(level: Int, order: Int) -> Entry? {
            var (low, high) = (taken, entries.count)
            while low < high {
                let middle = (low + high) / 2
                let entry = entries[middle]
                if (entry.level, entry.order) < (level, order) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            guard low < entries.count, entries[low].order == order else { return nil }
            if low == taken {
                let entry = entries[low]
                removeFirst()
                return entry
            }
            return entries.remove(at: low)
        }

        mutating func removeFirst() {
            taken += 1
            if taken == entries.count {
                entries.removeAll(keepingCapacity: true)
                taken = 0
            } else if taken >= 64, taken * 2 > entries.count {
                entries.removeFirst(taken)
                taken = 0
            }
        }
    }

    private var lanes = [Lane](repeating: Lane(), count: Kind.allCases.count)
    private(set) var count = 0
    /// Predicted seconds of all entries.
    private(set) var seconds = 0.0
    /// Predicted seconds of those that were never taken.
    private(set) var freshSeconds = 0.0

    /// Where an entry waits, as long as it does.
    struct Place: Sendable {
        fileprivate let kind: Kind
        fileprivate let level: Int
        fileprivate let order: Int
    }

    @discardableResult
    mutating func append(_ entry: Entry) -> Place {
        lanes[entry.kind.rawValue].insert(entry)
        note(entry, 1)
        return Place(kind: entry.kind, level: entry.level, order: entry.order)
    }

    /// Takes the entry at a place, out of its turn; nil if it waits no more.
    mutating func take(at place: Place) -> Entry? {
        guard
            let entry = lanes[place.kind.rawValue].remove(level: place.level, order: place.order)
        else { return nil }
        note(entry, -1)
        return entry
    }

    private mutating func note(_ entry: Entry, _ change: Int) {
        count += change
        seconds = count == 0 ? 0 : seconds + Double(change) * entry.seconds
        if entry.kind != .begun { freshSeconds += Double(change) * entry.seconds }
    }

    /// The entry whose turn it is among those of kinds that may be taken.
    func first(_ mayTake: (Kind) -> Bool) -> Entry? {
        var best: Entry?
        for kind in Kind.allCases {
            guard let entry = lanes[kind.rawValue].first, mayTake(kind) else { continue }
            if let best, (best.level, best.order) < (entry.level, entry.order) { continue }
            best = entry
        }
        return best
    }

    /// Removes what `first` found.
    mutating func remove(first entry: Entry) {
        lanes[entry.kind.rawValue].removeFirst()
        note(entry, -1)
    }

    /// The entry that would be taken last of those never taken.
    var lastFresh: Entry? {
        [Kind.short, .long].compactMap { lanes[$0.rawValue].last }
            .max { ($0.level, $0.order) < ($1.level, $1.order) }
    }

    /// Removes what `lastFresh` found.
    mutating func remove(last entry: Entry) {
        lanes[entry.kind.rawValue].entries.removeLast()
        note(entry, -1)
    }

    /// Predicted seconds of what would be taken before a new entry of `level`.
    func seconds(upTo level: Int) -> Double {
        lanes.reduce(0) { sum, lane in
            lane.entries[lane.taken...].prefix { $0.level <= level }.reduce(sum) { $0 + $1.seconds }
        }
    }
}
