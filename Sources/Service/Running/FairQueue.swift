/// Elements that wait, taken so that every client gets an equal share of the time.
///
/// Start-time fair queueing (Goyal, Vin and Cheng, 1996): an element's tag is the virtual time when it came, or
/// the end of its client's last element if that is later; the lowest tag goes first. A client alone gets all,
/// and one that sends little waits only for what runs.
///
/// What a client is given its turn for is its own choice: of a lower level first, of one level in the order in which they
/// came. So levels order a client's elements and take nothing from others.
struct FairQueue<Client: Hashable & Sendable, Element: Sendable> {
    /// One that waits, and the seconds it is predicted to take.
    struct Entry: Sendable {
        let element: Element
        let client: Client
        let seconds: Double
        /// Its place among its client's elements; the lowest goes first.
        let level: Int
    }

    private struct Line {
        /// In the order in which they are taken.
        var entries: [Entry] = []
        /// Entries taken already.
        var taken = 0
        var seconds = 0.0
        /// The tag of the first entry; each of the others begins where the one before ends.
        var start = 0.0

        var count: Int { entries.count - taken }

        mutating func insert(_ entry: Entry) {
            seconds += entry.seconds
            // Nearly always the end.
            var place = entries.count
            while place > taken, entries[place - 1].level > entry.level { place -= 1 }
            entries.insert(entry, at: place)
        }

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

    /// Predicted seconds of what this client waits for and would be taken before an element of `level`.
    func seconds(of client: Client, upTo level: Int) -> Double {
        guard let line = lines[client] else { return 0 }
        guard let last = line.entries.last, last.level > level else { return line.seconds }
        return line.entries[line.taken...].prefix { $0.level <= level }.reduce(0) {
            $0 + $1.seconds
        }
    }

    mutating func append(_ element: Element, client: Client, seconds: Double, level: Int = 0) {
        var line = lines.removeValue(forKey: client) ?? Line()
        line.insert(Entry(element: element, client: client, seconds: seconds, level: level))
        if line.count == 1 {
            line.start = virtualTime
            pushHead(line.start, client)
        }
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
            guard line.start == head.start else {
                lines[head.client] = line
                continue
            }
            let entry = line.entries[line.taken]
            line.taken += 1
            line.seconds -= entry.seconds
            count -= 1
            totalSeconds -= entry.seconds
            virtualTime = line.start
            line.start += entry.seconds
            if line.count > 0 {
                line.compact()
                pushHead(line.start, head.client)
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

    /// Takes the last entry of the client that waits for most, if that is more than `seconds`.
    mutating func takeLast(ofMoreThan seconds: Double) -> Entry? {
        guard let heaviest = lines.max(by: { $0.value.seconds < $1.value.seconds }),
            heaviest.value.seconds > seconds
        else { return nil }
        return takeLast(of: heaviest.key)
    }

    /// Takes a client's last entry, if an element of `level` would be taken before it.
    mutating func takeLast(of client: Client, behind level: Int) -> Entry? {
        guard let last = lines[client]?.entries.last, last.level > level else { return nil }
        return takeLast(of: client)
    }

    private mutating func takeLast(of client: Client) -> Entry? {
        guard var line = lines.removeValue(forKey: client), let entry = line.entries.popLast()
        else { return nil }
        count -= 1
        totalSeconds -= entry.seconds
        line.seconds -= entry.seconds
        if line.count > 0 { lines[client] = line }
        return entry
    }
}
