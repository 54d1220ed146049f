/// Elements that wait, taken so that every client gets an equal share of the time.
///
/// Start-time fair queueing (Goyal, Vin and Cheng, 1996): an element's tag is the virtual time when it came, or
/// the end of its client's last element if that is later; the lowest tag goes first. A client alone gets all,
/// and one that sends little waits only for what runs.
struct FairQueue<Client: Hashable & Sendable, Element: Sendable> {
    /// One that waits, and the seconds it is predicted to take.
    struct Entry: Sendable {
        let element: Element
        let client: Client
        let seconds: Double
        fileprivate let start: Double
    }

    private struct Line {
        var entries: [Entry] = []
        /// Entries taken already.
        var taken = 0
        var seconds = 0.0
        /// The virtual end of the last entry.
        var end = 0.0

        var count: Int { entries.count - taken }

        /// Lets go of what was taken, now and then.
        mutating func compact() {
            guard taken >= 64, taken * 2 > entries.count else { return }
            entries.removeFirst(taken)
            taken = 0
        }
    }

    /// A client's first entry; it is stale if the client has none with this tag any more.
    private struct Head: Comparable {
        let start: Double
        let order: Int
        let client: Client

        static func == (first: Head, second: Head) -> Bool { first.order == second.order }
        static func < (first: Head, second: Head) -> Bool {
            (first.start, first.order) < (second.start, second.order)
        }
    }

    private var lines: [Client: Line] = [:]
    private var heads = MinimumHeap<Head>()
    private var virtualTime = 0.0
    private var order = 0
    private(set) var count = 0
    /// Predicted seconds of all that waits.
    private(set) var totalSeconds = 0.0

    /// Clients that wait.
    var clientCount: Int { lines.count }

    /// Predicted seconds of what this client waits for.
    func seconds(of client: Client) -> Double { lines[client]?.seconds ?? 0 }

    mutating func append(_ element: Element, client: Client, seconds: Double) {
        var line = lines.removeValue(forKey: client) ?? Line()
        let start = max(virtualTime, line.end)
        line.entries.append(
            Entry(element: element, client: client, seconds: seconds, start: start)
        )
        line.end = start + seconds
        line.seconds += seconds
        if line.count == 1 { pushHead(start, client) }
        lines[client] = line
        count += 1
        totalSeconds += seconds
    }

    private mutating func pushHead(_ start: Double, _ client: Client) {
        order += 1
        heads.insert(Head(start: start, order: order, client: client))
    }

    /// Takes the entry whose turn it is.
    mutating func takeFirst() -> Entry? {
        while let head = heads.removeFirst() {
            guard var line = lines.removeValue(forKey: head.client) else { continue }
            let entry = line.entries[line.taken]
            guard entry.start == head.start else {
                lines[head.client] = line
                continue
            }
            line.taken += 1
            line.seconds -= entry.seconds
            count -= 1
            totalSeconds -= entry.seconds
            virtualTime = entry.start
            if line.count > 0 {
                line.compact()
                pushHead(line.entries[line.taken].start, head.client)
                lines[head.client] = line
            }
            if count == 0 { reset() }
            return entry
        }
        return nil
    }

    /// Nobody waits: the past no longer matters.
    private mutating func reset() {
        virtualTime = 0
        totalSeconds = 0
        heads = MinimumHeap()
    }

    /// Takes the newest entry of the client that waits for most, if that is more than `seconds`.
    mutating func takeLast(ofMoreThan seconds: Double) -> Entry? {
        guard let heaviest = lines.max(by: { $0.value.seconds < $1.value.seconds }),
            heaviest.value.seconds > seconds
        else { return nil }
        guard var line = lines.removeValue(forKey: heaviest.key),
            let entry = line.entries.popLast()
        else { return nil }
        count -= 1
        totalSeconds -= entry.seconds
        line.seconds -= entry.seconds
        line.end = entry.start
        if line.count > 0 { lines[heaviest.key] = line }
        return entry
    }
}
