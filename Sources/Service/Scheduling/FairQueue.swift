import HeapModule
import Telemetry

/// Elements that wait, taken so that every client gets an equal share of the time.
///
/// Virtual time is what every client that has something to do was due so far. A client's tag is the virtual time at which
/// its next element would end, counted from the end of what it was given last; the lowest tag goes first (fair queueing,
/// Demers, Keshav and Shenker, 1989). A client that asked for less than its share is that much ahead of the others, up
/// to `credit`: so one that asks for little goes before all who ask for much. What an element really took is settled
/// afterwards (`settle`), so that a wrong prediction takes nothing from others.
///
/// What a client is given its turn for is its own choice: of a lower level first, of one level in the order in which they
/// came. So levels order a client's elements and take nothing from others.
struct FairQueue<Client: Hashable & Sendable, Element: Sendable> {
    typealias Line = FairLine<Element>

    /// One that was taken.
    struct Entry: Sendable {
        let element: Element
        let client: Client
        let seconds: Double
        let level: Int
    }

    private struct Waiting {
        var line = Line()
        /// The number of its head in the heap; 0: it has none.
        var head = 0
    }

    /// Where a client stands in the order; it is stale if the client has another.
    private struct Head: Comparable {
        let start: Double
        let tag: Double
        let order: Int
        let client: Client

        static func == (first: Head, second: Head) -> Bool { first.order == second.order }
        static func < (first: Head, second: Head) -> Bool {
            (first.tag, first.order) < (second.tag, second.order)
        }
    }

    private var lines: [Client: Waiting] = [:]
    private var heads = Heap<Head>()
    /// The virtual time up to which clients were given theirs, where that is not past.
    private var given: [Client: Double] = [:]
    private var mostGiven = 256
    /// Clients none of whose entries may be taken for now.
    private var held: Set<Client> = []
    private let credit: Double
    private var virtualTime = 0.0
    private var order = 0
    /// Entries that ever waited.
    private var entries = 0
    private(set) var count = 0

    /// `credit` is in seconds.
    init(credit: Double = 0) {
        self.credit = credit
    }

    /// Clients that wait.
    var clientCount: Int { lines.count }

    /// Predicted seconds of what this client waits for.
    func seconds(of client: Client) -> Double { lines[client]?.line.seconds ?? 0 }

    /// Predicted seconds of what this client waits for and would be taken before an element of `level`.
    func seconds(of client: Client, upTo level: Int) -> Double {
        lines[client]?.line.seconds(upTo: level) ?? 0
    }

    @discardableResult
    mutating func append(
        _ element: Element,
        client: Client,
        seconds: Double,
        level: Int = 0,
        kind: Line.Kind = .short
    ) -> Line.Place {
        var waiting = lines.removeValue(forKey: client) ?? Waiting()
        // Never given twice, so that a place that was left is nobody else's.
        entries += 1
        let place = waiting.line.append(
            Line.Entry(
                element: element,
                seconds: seconds,
                level: level,
                kind: kind,
                order: entries
            )
        )
        count += 1
        if waiting.head == 0 { pushHead(&waiting, client) }
        lines[client] = waiting
        return place
    }

    /// Takes a client's entry out of its turn; nil if it waits no more.
    ///
    /// The time it takes is for `settle` to say.
    mutating func take(at place: Line.Place, of client: Client) -> Element? {
        guard var waiting = lines.removeValue(forKey: client) else { return nil }
        let entry = waiting.line.take(at: place)
        if entry != nil { count -= 1 }
        if waiting.line.count > 0 { lines[client] = waiting }
        return entry?.element
    }

    private mutating func pushHead(_ waiting: inout Waiting, _ client: Client) {
        guard let first = waiting.line.first({ _ in true }) else { return }
        let earliest = virtualTime - credit
        let start = max(given[client] ?? earliest, earliest)
        order += 1
        waiting.head = order
        heads.insert(
            Head(
                start: start,
                tag: start + first.seconds,
                order: order,
                client: client
            )
        )
    }

    /// Takes the entry whose turn it is; `mayTake` says of which kinds a client's may be taken.
    mutating func takeFirst(
        _ mayTake: (Client, Line.Kind) -> Bool = { _, _ in true }
    ) -> Entry? {
        while let head = heads.popMin() {
            let client = head.client
            guard var waiting = lines[client], waiting.head == head.order else { continue }
            lines[client] = nil
            guard let entry = waiting.line.first({ mayTake(client, $0) }) else {
                waiting.head = 0
                lines[client] = waiting
                held.insert(client)
                continue
            }
            waiting.line.remove(first: entry)
            count -= 1
            give(client, from: head.start, entry.seconds)
            if waiting.line.count > 0 {
                pushHead(&waiting, client)
                lines[client] = waiting
            }
            return Entry(
                element: entry.element,
                client: client,
                seconds: entry.seconds,
                level: entry.level
            )
        }
        return nil
    }

    private mutating func give(_ client: Client, from start: Double, _ seconds: Double) {
        given[client] = start + seconds
        virtualTime = max(virtualTime, start)
        guard given.count > mostGiven else { return }
        let earliest = virtualTime - credit
        given = given.filter { $0.value > earliest }
        mostGiven = max(256, 2 * given.count)
    }

    /// Settles that a client took so many seconds, not those it was given; so many clients had something to do.
    mutating func settle(
        _ client: Client,
        took: Double,
        given predicted: Double,
        among clients: Int
    ) {
        given[client, default: virtualTime - credit] += took - predicted
        virtualTime += took / Double(max(clients, 1))
        guard var waiting = lines[client], waiting.head != 0 else { return }
        pushHead(&waiting, client)
        lines[client] = waiting
    }

    /// Looks again at clients none of whose entries could be taken.
    mutating func release() {
        let clients = held
        held = []
        for client in clients {
            guard var waiting = lines[client], waiting.head == 0 else { continue }
            pushHead(&waiting, client)
            lines[client] = waiting
        }
    }

    /// Nobody waits or computes: the past no longer matters.
    mutating func forget() {
        let entries = entries
        self = Self(credit: credit)
        self.entries = entries
    }

    /// Takes the last entry never taken of the client that has most of them, if that is more than `seconds`.
    mutating func takeLast(ofMoreThan seconds: Double) -> Entry? {
        let heaviest = lines.max { $0.value.line.freshSeconds < $1.value.line.freshSeconds }
        guard let heaviest, heaviest.value.line.freshSeconds > seconds else { return nil }
        return takeLast(of: heaviest.key, behind: .min)
    }

    /// Takes a client's last entry never taken, if an element of `level` would be taken before it.
    mutating func takeLast(of client: Client, behind level: Int) -> Entry? {
        guard var waiting = lines[client], let last = waiting.line.lastFresh, last.level > level
        else { return nil }
        lines[client] = nil
        waiting.line.remove(last: last)
        count -= 1
        if waiting.line.count > 0 { lines[client] = waiting }
        return Entry(
            element: last.element,
            client: client,
            seconds: last.seconds,
            level: last.level
        )
    }
}
