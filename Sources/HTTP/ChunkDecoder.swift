/// Takes the chunked coding off a body (RFC 9112 §7.1), however its bytes arrive; does no I/O.
struct ChunkDecoder {
    private enum State {
        case size, sizeExtension(ChunkExtension), sizeLineFeed
        case data, dataReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed
        case endLineFeed, complete
    }

    /// Bounds on what is not data, so that it cannot go on for ever.
    private static let longestExtensions = 4096
    private let longestTrailer: Int

    private var state = State.size
    private var digits = 0
    private var remaining = 0
    private var extensionBytes = 0
    private var trailerBytes = 0

    init(longestTrailer: Int) {
        self.longestTrailer = longestTrailer
    }

    var isComplete: Bool {
        if case .complete = state { true } else { false }
    }

    /// Appends to `body`, which may hold `limit` bytes, the data of `input`.
    ///
    /// Returns how many bytes of `input` were used; they are fewer than all only at the end of
    /// the body. Trailer fields are checked and dropped.
    mutating func decode(
        _ input: Span<UInt8>,
        limit: Int,
        into body: inout ByteBuffer
    ) throws(HTTPError) -> Int {
        var index = 0
        while index < input.count, !isComplete {
            if case .data = state {
                let count = min(remaining, input.count - index)
                body.append(input.extracting(index..<index + count))
                remaining -= count
                index += count
                if remaining == 0 { state = .dataReturn }
            } else {
                state = try step(input[index])
                if case .data = state, remaining > limit - body.count {
                    throw .bodyTooLarge(limit: limit)
                }
                index += 1
            }
        }
        return index
    }

    private mutating func step(_ byte: UInt8) throws(HTTPError) -> State {
        switch state {
        case .size: return try sizeStep(byte)
        case .sizeExtension(let part):
            extensionBytes += 1
            guard extensionBytes <= Self.longestExtensions else { throw .invalidChunk }
            guard let next = part.next(after: byte) else { throw .invalidChunk }
            return next == .end ? .sizeLineFeed : .sizeExtension(next)
        case .sizeLineFeed:
            try expect(.lineFeed, byte)
            return remaining == 0 ? .trailerStart : .data
        case .dataReturn:
            try expect(.carriageReturn, byte)
            return .dataLineFeed
        case .dataLineFeed:
            try expect(.lineFeed, byte)
            digits = 0
            return .size
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed:
            trailerBytes += 1
            guard trailerBytes <= longestTrailer else {
                throw .trailersTooLarge(limit: longestTrailer)
            }
            return try trailerStep(byte)
        case .endLineFeed:
            try expect(.lineFeed, byte)
            return .complete
        case .data, .complete: return state
        }
    }

    private mutating func sizeStep(_ byte: UInt8) throws(HTTPError) -> State {
        if let digit = byte.hexadecimalValue {
            digits += 1
            // 15 digits fit an Int.
            guard digits <= 15 else { throw .invalidChunk }
            remaining = remaining << 4 | Int(digit)
            return .size
        }
        guard digits > 0 else { throw .invalidChunk }
        switch byte {
        case .carriageReturn: return .sizeLineFeed
        case UInt8(ascii: ";"): return .sizeExtension(.nameStart)
        default: throw .invalidChunk
        }
    }

    private func trailerStep(_ byte: UInt8) throws(HTTPError) -> State {
        switch state {
        case .trailerStart where byte == .carriageReturn: return .endLineFeed
        case .trailerStart where byte.isTokenCharacter: return .trailerName
        case .trailerName where byte.isTokenCharacter: return .trailerName
        case .trailerName where byte == UInt8(ascii: ":"): return .trailerValue
        case .trailerValue where byte.isFieldCharacter: return .trailerValue
        case .trailerValue where byte == .carriageReturn: return .trailerLineFeed
        case .trailerLineFeed where byte == .lineFeed: return .trailerStart
        default: throw .malformedField
        }
    }

    private func expect(_ expected: UInt8, _ byte: UInt8) throws(HTTPError) {
        guard byte == expected else { throw .invalidChunk }
    }
}

/// A place in `;name=value`, where the value is a token or quoted (RFC 9112 §7.1.1).
private enum ChunkExtension {
    case nameStart, name, valueStart, token, quoted, escaped, quotedEnd, end

    /// The place after `byte`, or nil if it may not stand here.
    func next(after byte: UInt8) -> ChunkExtension? {
        switch self {
        case .nameStart: byte.isTokenCharacter ? .name : nil
        case .name: byte == UInt8(ascii: "=") ? .valueStart : nextInToken(byte)
        case .valueStart:
            byte == UInt8(ascii: "\"") ? .quoted : byte.isTokenCharacter ? .token : nil
        case .token: nextInToken(byte)
        case .quoted:
            switch byte {
            case UInt8(ascii: "\""): .quotedEnd
            case UInt8(ascii: "\\"): .escaped
            default: byte.isFieldCharacter ? .quoted : nil
            }
        case .escaped: byte.isFieldCharacter ? .quoted : nil
        case .quotedEnd: nextAfterValue(byte)
        case .end: nil
        }
    }

    private func nextInToken(_ byte: UInt8) -> ChunkExtension? {
        byte.isTokenCharacter ? self : nextAfterValue(byte)
    }

    private func nextAfterValue(_ byte: UInt8) -> ChunkExtension? {
        switch byte {
        case UInt8(ascii: ";"): .nameStart
        case .carriageReturn: .end
        default: nil
        }
    }
}
