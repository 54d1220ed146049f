/// A message of a WebSocket, whole.
public enum WebSocketMessage: Equatable, Sendable {
    case text(String)
    case binary([UInt8])
}

/// Why a WebSocket ends (RFC 6455 §7.4).
public struct WebSocketClose: Equatable, Error, Sendable {
    /// What a close frame may carry: 1000 to 1003, 1007 to 1014, and those from 3000 on.
    public let code: Int
    public let reason: String

    public init(code: Int, reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The frame's payload; a reason is cut to what a control frame has room for.
    var payload: [UInt8] {
        var text = Array(reason.utf8.prefix(123))
        // No letter is cut in two.
        while String(validating: text, as: UTF8.self) == nil { text.removeLast() }
        return [UInt8(code >> 8), UInt8(code & 255)] + text
    }

    static func violation(_ reason: String) -> WebSocketClose {
        WebSocketClose(code: 1002, reason: reason)
    }
}

/// What frames of a client amount to.
enum WebSocketInput: Equatable {
    /// There is not enough for more.
    case incomplete
    case message(WebSocketMessage)
    case ping([UInt8])
    case pong
    /// The client ends the connection; nil for a close frame without a code.
    case close(WebSocketClose?)
}

/// Puts messages together from a client's frames (RFC 6455 §5).
///
/// Payloads are unmasked as they come, so that no more than a message is held; its length is checked before it is read.
struct WebSocketParser {
    private enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    private struct Frame {
        let opcode: Opcode
        let isLast: Bool
        let mask: [UInt8]
        var rest: Int
        var read = 0
    }

    /// Bytes of the largest message.
    let limit: Int
    private let budget: BodyBudget
    /// Bytes that were taken of the budget.
    private var charged = 0
    private var frame: Frame?
    /// Of the message that has begun.
    private var kind: Opcode?
    private var message: [UInt8] = []
    private var control: [UInt8] = []

    init(limit: Int, budget: BodyBudget) {
        self.limit = limit
        self.budget = budget
    }

    /// Reads on; throws where the client breaks a rule, or sends too much.
    mutating func next(
        from input: inout ByteBuffer
    ) throws(WebSocketClose) -> WebSocketInput {
        while true {
            if frame == nil {
                guard try readHeader(from: &input) else { return .incomplete }
            }
            guard try readPayload(from: &input) else { return .incomplete }
            if let result = try endFrame() { return result }
        }
    }

    /// Gives back what was taken of the budget; nothing may be read any more.
    mutating func end() {
        budget.give(charged)
        charged = 0
        message = []
    }

    /// Returns false if the header is not complete.
    private mutating func readHeader(from input: inout ByteBuffer) throws(WebSocketClose) -> Bool {
        let header = input.withSpan { bytes in Self.header(bytes) }
        guard let header else { return false }
        guard header.first & 0x70 == 0 else {
            throw .violation("a reserved bit is set; no extension was agreed on")
        }
        guard let opcode = Opcode(rawValue: header.first & 15) else {
            throw .violation("the opcode \(header.first & 15) is reserved")
        }
        guard let mask = header.mask else { throw .violation("a client's frame is not masked") }
        let isLast = header.first & 0x80 != 0
        if opcode.isControl {
            guard isLast, header.length <= 125 else {
                throw .violation("a control frame is fragmented or longer than 125 bytes")
            }
        } else {
            guard (opcode == .continuation) == (kind != nil) else {
                throw .violation(
                    kind == nil
                        ? "a continuation has no message to continue"
                        : "a message begins within another"
                )
            }
            guard header.length <= limit - message.count else {
                throw WebSocketClose(
                    code: 1009,
                    reason: "a message may have \(limit) bytes"
                )
            }
            try reserve(message.count + header.length)
            if opcode != .continuation { kind = opcode }
        }
        input.consume(header.count)
        frame = Frame(opcode: opcode, isLast: isLast, mask: mask, rest: header.length)
        return true
    }

    private mutating func reserve(_ bytes: Int) throws(WebSocketClose) {
        // What is announced and never comes takes nothing: only what doubles is paid for before.
        let wanted = min(bytes, max(4096, 2 * message.count + 65_536))
        guard wanted > charged else { return }
        guard budget.take(wanted - charged) else {
            throw WebSocketClose(code: 1013, reason: "too much is being received; try later")
        }
        charged = wanted
    }

    private struct Header {
        let first: UInt8
        let length: Int
        let mask: [UInt8]?
        let count: Int
    }

    /// The frame's header; nil if it is not complete.
    ///
    /// A length that is no Int counts as the largest.
    private static func header(_ bytes: Span<UInt8>) -> Header? {
        guard bytes.count >= 2 else { return nil }
        let isMasked = bytes[1] & 0x80 != 0
        let short = Int(bytes[1] & 0x7F)
        let extra = short == 126 ? 2 : short == 127 ? 8 : 0
        let count = 2 + extra + (isMasked ? 4 : 0)
        guard bytes.count >= count else { return nil }
        var length = extra == 0 ? UInt64(short) : 0
        for index in 0..<extra { length = length << 8 | UInt64(bytes[2 + index]) }
        return Header(
            first: bytes[0],
            length: Int(clamping: length),
            mask: isMasked ? (0..<4).map { bytes[2 + extra + $0] } : nil,
            count: count
        )
    }

    /// Returns false if some of the payload is missing.
    private mutating func readPayload(from input: inout ByteBuffer) throws(WebSocketClose) -> Bool {
        guard var current = frame else { return false }
        let count = min(current.rest, input.count)
        let isControl = current.opcode.isControl
        if !isControl { try reserve(message.count + count) }
        input.withSpan { bytes in
            for index in 0..<count {
                let byte = bytes[index] ^ current.mask[(current.read + index) & 3]
                if isControl { control.append(byte) } else { message.append(byte) }
            }
        }
        input.consume(count)
        current.rest -= count
        current.read += count
        frame = current
        return current.rest == 0
    }

    /// What a frame that is complete amounts to; nil if the message goes on.
    private mutating func endFrame() throws(WebSocketClose) -> WebSocketInput? {
        guard let ended = frame else { return nil }
        frame = nil
        if ended.opcode.isControl {
            defer { control = [] }
            return try endControl(ended.opcode)
        }
        guard ended.isLast, let kind else { return nil }
        let bytes = message
        message = []
        self.kind = nil
        budget.give(charged)
        charged = 0
        guard kind == .text else { return .message(.binary(bytes)) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw WebSocketClose(code: 1007, reason: "a text is not UTF-8")
        }
        return .message(.text(text))
    }

    private func endControl(_ opcode: Opcode) throws(WebSocketClose) -> WebSocketInput {
        switch opcode {
        case .ping: return .ping(control)
        case .pong: return .pong
        default: break
        }
        guard !control.isEmpty else { return .close(nil) }
        guard control.count >= 2 else { throw .violation("a close frame has half a code") }
        let code = Int(control[0]) << 8 | Int(control[1])
        let isKnown = (1000...1014).contains(code) && ![1004, 1005, 1006].contains(code)
        guard isKnown || (3000...4999).contains(code) else {
            throw .violation("the close code \(code) may not be sent")
        }
        guard let reason = String(validating: control[2...], as: UTF8.self) else {
            throw WebSocketClose(code: 1007, reason: "a reason is not UTF-8")
        }
        return .close(WebSocketClose(code: code, reason: reason))
    }
}

/// Frames of a server, which are not masked.
enum WebSocketFrame {
    static func text(_ text: [UInt8]) -> [UInt8] { frame(0x81, text) }
    static func binary(_ bytes: [UInt8]) -> [UInt8] { frame(0x82, bytes) }
    static func close(_ close: WebSocketClose?) -> [UInt8] { frame(0x88, close?.payload ?? []) }
    static func ping() -> [UInt8] { frame(0x89, []) }
    static func pong(_ payload: [UInt8]) -> [UInt8] { frame(0x8A, payload) }

    private static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        var header = [first]
        if count < 126 {
            header.append(UInt8(count))
        } else if count <= 0xFFFF {
            header += [126, UInt8(count >> 8), UInt8(count & 255)]
        } else {
            header.append(127)
            for shift in stride(from: 56, through: 0, by: -8) {
                header.append(UInt8(truncatingIfNeeded: count >> shift))
            }
        }
        return header + payload
    }
}
