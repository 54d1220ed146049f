import CZlib

/// One body being unpacked, a piece at a time, within bounds on its size and ratio.
@safe
struct Inflation: ~Copyable {
    private let stream: CodingStream
    private let coding: ContentCoding
    private let limit: Int
    private let inputCount: Int
    private var output = ByteBuffer()

    /// `input` must outlive this value.
    @unsafe
    init(
        _ stream: CodingStream,
        _ input: UnsafeRawBufferPointer,
        _ coding: ContentCoding,
        limit: Int
    ) {
        self.stream = stream
        self.coding = coding
        self.limit = limit
        inputCount = input.count
        // zlib never writes through next_in, and counts in 32 bits; bodies are far smaller.
        unsafe stream.stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        unsafe stream.stream.pointee.avail_in = UInt32(clamping: input.count)
    }

    deinit {
        stream.release()
    }

    /// All that the input unpacks to.
    mutating func run(isCancelled: () -> Bool) throws(ContentCodingError) -> Bytes {
        try reset()
        while true {
            let status = inflatePiece()
            try checkSize()
            switch status {
            case Z_STREAM_END:
                if unsafe stream.stream.pointee.avail_in == 0 { return output.take() }
                // RFC 1952 §2.2: another member may follow.
                guard coding == .gzip, nextIsMember else { throw .trailingBytes(coding) }
                try reset()
            case Z_OK: break
            case Z_BUF_ERROR: throw .truncated(coding)
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .corrupt(coding)
            }
            if isCancelled() { throw .cancelled }
        }
    }

    private func reset() throws(ContentCodingError) {
        let window = coding == .gzip ? CodingStream.gzipWindow : CodingStream.zlibWindow
        guard unsafe inflateReset2(stream.stream, window) == Z_OK else { throw .outOfMemory }
    }

    /// The two bytes that begin every member.
    private var nextIsMember: Bool {
        let state = unsafe stream.stream.pointee
        // SAFETY: avail_in bytes may be read.
        return unsafe state.avail_in >= 2 && state.next_in[0] == 0x1F && state.next_in[1] == 0x8B
    }

    private mutating func inflatePiece() -> Int32 {
        var status = Z_OK
        output.reserve(BodyCoder.piece)
        let stream = unsafe stream.stream
        // SAFETY: zlib writes at most avail_out bytes, the room.
        _ = unsafe output.write(atMost: BodyCoder.piece) { room in
            unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = UInt32(room.count)
            status = unsafe inflate(stream, Z_NO_FLUSH)
            return unsafe room.count - Int(stream.pointee.avail_out)
        }
        return status
    }

    private func checkSize() throws(ContentCodingError) {
        guard output.count <= limit else { throw .tooLarge(limit: limit) }
        guard output.count > BodyCoder.ratioFree else { return }
        let consumed = unsafe inputCount - Int(stream.stream.pointee.avail_in)
        guard output.count / max(1, consumed) <= BodyCoder.highestRatio else {
            throw .ratio(limit: BodyCoder.highestRatio)
        }
    }
}
