/// Bytes on their way to a client: small ones copied together, a large body as it is.
struct OutputQueue: ~Copyable {
    /// A body of at least this many bytes is sent from where it lies.
    private static let largeBody = 32 << 10
    private static let keptCapacity = 64 << 10

    private(set) var bytes = ByteBuffer()
    /// Follows `bytes`.
    private var body: [UInt8] = []
    private var bodyStart = 0

    var count: Int { bytes.count + body.count - bodyStart }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ text: StaticString) {
        settleBody()
        // SAFETY: a static string is as long as it says.
        unsafe bytes.append(
            UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        )
    }

    mutating func append(_ byte: UInt8) {
        settleBody()
        bytes.append(byte)
    }

    mutating func append(_ span: Span<UInt8>) {
        settleBody()
        bytes.append(span)
    }

    mutating func append(_ text: String) {
        append(text.utf8.span)
    }

    mutating func append(body: [UInt8]) {
        if body.count < Self.largeBody {
            append(body.span)
        } else {
            settleBody()
            KeptMemory.note(body.count)
            self.body = body
        }
    }

    /// Makes room behind a large body, which is rare: a client's next answer waits for it.
    private mutating func settleBody() {
        guard !body.isEmpty else { return }
        let body = self.body
        bytes.append(body.span.extracting(bodyStart..<body.count))
        dropBody()
    }

    private mutating func dropBody() {
        body = []
        bodyStart = 0
    }

    /// Sends until all is gone or the client takes no more; returns bytes sent, nil on failure.
    mutating func flush(to transport: borrowing Transport) -> Int? {
        var total = 0
        while !isEmpty {
            let outcome = bytes.withSpan { bytes in
                transport.send(bytes, body.span.extracting(bodyStart..<body.count))
            }
            switch outcome {
            case .bytes(let sent):
                total += sent
                drop(sent)
            case .wouldBlock: return total
            case .ended, .failed: return nil
            }
        }
        bytes.shrink(to: Self.keptCapacity)
        return total
    }

    private mutating func drop(_ sent: Int) {
        let small = min(sent, bytes.count)
        bytes.consume(small)
        bodyStart += sent - small
        if bodyStart == body.count { dropBody() }
    }
}
