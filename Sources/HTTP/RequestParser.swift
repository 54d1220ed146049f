/// Makes requests of the bytes of a connection; does no I/O.
///
/// Heads and chunked bodies are read from a buffer of input. A body of known length is, beyond
/// what that buffer holds, received in place: see `bodyBytesWanted`.
struct RequestParser: ~Copyable {
    enum Event {
        /// More bytes are needed.
        case incomplete
        /// A head, to be followed by `acceptBody` or `discardBody`.
        case head(RequestHead)
        /// The end of the request that began with the last head.
        case body(Bytes)
    }

    private enum State {
        case head
        case undecided(Framing)
        case sized(remaining: Int)
        case chunked(limit: Int)
        case discarding(remaining: Int)
    }

    /// What a declared length may reserve before its bytes have come.
    private static let firstReservation = 256 << 10
    private static let mostBlankLines = 8

    private let limits: Limits
    private let budget: BodyBudget
    /// What the current body has taken of the budget.
    private var charged = 0
    private var state = State.head
    private var headParser: HeadParser
    private var blankLines = 0
    private var body = ByteBuffer()
    private var decoder: ChunkDecoder
    /// Bytes that the current request has taken until now, as sent but for chunks.
    private(set) var bytesRead = 0

    init(limits: Limits, budget: BodyBudget = BodyBudget(limit: .max)) {
        self.limits = limits
        self.budget = budget
        headParser = HeadParser(limits: limits)
        decoder = ChunkDecoder(longestTrailer: limits.head)
    }

    deinit {
        budget.give(charged)
    }

    /// Takes of the budget what a body that holds `capacity` bytes needs more than before.
    private mutating func charge(for capacity: Int) throws(HTTPError) {
        guard capacity > charged else { return }
        guard budget.take(capacity - charged) else { throw .tooManyBodies(limit: budget.limit) }
        charged = capacity
    }

    /// Whether nothing of a request has been read but what may be in the input.
    var isBetweenRequests: Bool {
        if case .head = state { true } else { false }
    }

    var isReadingBody: Bool {
        switch state {
        case .head, .undecided: false
        case .sized, .chunked, .discarding: true
        }
    }

    /// What is next in `input`, which is consumed as far as it was used.
    mutating func next(
        from input: inout ByteBuffer,
        identifiers: inout RequestIdentifiers
    ) throws(HTTPError) -> Event {
        switch state {
        case .head: return try nextHead(from: &input, &identifiers)
        case .undecided: return .incomplete
        case .sized(let remaining):
            let count = min(remaining, input.count)
            input.withSpan { body.append($0.extracting(0..<count)) }
            input.consume(count)
            try charge(for: body.capacity)
            return noteBody(count)
        case .chunked(let limit):
            let before = body.count
            let used = try input.withSpan { (bytes) throws(HTTPError) in
                try decoder.decode(bytes, limit: limit, into: &body)
            }
            input.consume(used)
            bytesRead += body.count - before
            try charge(for: body.capacity)
            return decoder.isComplete ? finishBody() : .incomplete
        case .discarding(let remaining):
            let count = min(remaining, input.count)
            input.consume(count)
            state = count == remaining ? .head : .discarding(remaining: remaining - count)
            return count == remaining ? try nextHead(from: &input, &identifiers) : .incomplete
        }
    }

    private mutating func nextHead(
        from input: inout ByteBuffer,
        _ identifiers: inout RequestIdentifiers
    ) throws(HTTPError) -> Event {
        try skipBlankLines(&input)
        let head = try input.withSpan { (bytes) throws(HTTPError) -> (RequestHead, Int)? in
            guard let parsed = try headParser.parse(bytes) else { return nil }
            return (try RequestHead(parsed, in: bytes, identifiers: &identifiers), parsed.count)
        }
        guard let (head, count) = head else { return .incomplete }
        input.consume(count)
        bytesRead = count
        blankLines = 0
        state = .undecided(head.framing)
        return .head(head)
    }

    /// RFC 9112 §2.2: empty lines before a request are ignored.
    private mutating func skipBlankLines(_ input: inout ByteBuffer) throws(HTTPError) {
        while input.count >= 2, input.withSpan({ $0.extracting(0..<2).equals("\r\n") }) {
            input.consume(2)
            blankLines += 1
            guard blankLines <= Self.mostBlankLines else { throw .malformedRequestLine }
        }
    }

    /// Goes on to read the body of the last head, of at most `limit` bytes.
    mutating func acceptBody(limit: Int) throws(HTTPError) {
        guard case .undecided(let framing) = state else { return }
        let limit = min(limit, limits.body)
        switch framing {
        case .none: state = .sized(remaining: 0)
        case .length(let length):
            guard length <= limit else { throw .bodyTooLarge(limit: limit) }
            let reservation = min(length, Self.firstReservation) + Bytes.slack
            try charge(for: reservation)
            body.reserveExactly(reservation)
            state = .sized(remaining: length)
        case .chunked:
            decoder = ChunkDecoder(longestTrailer: limits.head)
            state = .chunked(limit: limit)
        }
    }

    /// Goes on to the next request, dropping a body of at most `limit` bytes.
    ///
    /// Returns false if the body is longer, or of unknown length; the connection must end then.
    mutating func discardBody(limit: Int) -> Bool {
        guard case .undecided(let framing) = state else { return false }
        switch framing {
        case .none: state = .head
        case .length(let length) where length <= limit: state = .discarding(remaining: length)
        case .length, .chunked: return false
        }
        return true
    }

    /// Bytes of the current body that may be received in place with `receiveBody`.
    var bodyBytesWanted: Int {
        if case .sized(let remaining) = state { remaining } else { 0 }
    }

    /// Calls `receive` with room for body bytes; it returns how many it put there.
    mutating func receiveBody(
        _ receive: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(HTTPError) -> Event {
        guard case .sized(let remaining) = state else { return .incomplete }
        // Memory follows the bytes that came, doubling, so that a head alone reserves little.
        if body.capacity - body.count <= Bytes.slack {
            let reservation = min(remaining, body.count) + Bytes.slack
            try charge(for: body.count + reservation)
            body.reserveExactly(reservation)
        }
        let room = min(remaining, body.capacity - body.count - Bytes.slack)
        return noteBody(unsafe body.write(atMost: room, receive))
    }

    private mutating func noteBody(_ count: Int) -> Event {
        guard case .sized(let remaining) = state else { return .incomplete }
        bytesRead += count
        state = .sized(remaining: remaining - count)
        return count == remaining ? finishBody() : .incomplete
    }

    private mutating func finishBody() -> Event {
        state = .head
        guard !body.isEmpty else { return .body(.empty) }
        let lease = BodyLease(of: budget, charged)
        charged = 0
        return .body(body.take().holding(lease))
    }
}
