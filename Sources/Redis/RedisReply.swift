import CHiredis

/// What a server answers to a command (RESP2).
public enum RedisReply: Sendable, Equatable {
    case null
    case status(String)
    case integer(Int)
    case bytes([UInt8])
    case array([RedisReply])
    case error(String)
}

extension RedisReply {
    @unsafe
    init(_ reply: redisReply) {
        switch unsafe reply.type {
        case REDIS_REPLY_STRING: self = unsafe .bytes(reply.text)
        case REDIS_REPLY_STATUS: self = unsafe .status(String(decoding: reply.text, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = unsafe .error(String(decoding: reply.text, as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = unsafe .integer(Int(reply.integer))
        case REDIS_REPLY_ARRAY:
            // SAFETY: there are `elements` pointers to replies.
            self = .array(
                (0..<Int(unsafe reply.elements)).map { index in
                    unsafe reply.element[index].map { unsafe RedisReply($0.pointee) } ?? .null
                }
            )
        default: self = .null
        }
    }
}

extension redisReply {
    @unsafe
    fileprivate var text: [UInt8] {
        // SAFETY: `str` has `len` bytes.
        guard let str = unsafe str else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: str, count: Int(len)))
    }
}

/// Replies as they come, piece by piece: hiredis' reader.
@safe
final class ReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>

    init() throws(RedisFault) {
        guard let reader = unsafe redisReaderCreate() else {
            throw .unreachable("there is no memory to read its replies")
        }
        unsafe self.reader = reader
    }

    deinit { unsafe redisReaderFree(reader) }

    func feed(_ bytes: Span<UInt8>) throws(RedisFault) {
        let isFed = unsafe bytes.withUnsafeBytes { bytes in
            unsafe redisReaderFeed(reader, bytes.baseAddress, bytes.count) == REDIS_OK
        }
        guard isFed else { throw .unreachable("its reply could not be read") }
    }

    /// The next reply; nil before it is whole.
    func next() throws(RedisFault) -> RedisReply? {
        var reply: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &reply) == REDIS_OK else {
            throw .unreachable("it does not speak as Redis does")
        }
        guard let reply = unsafe reply else { return nil }
        defer { unsafe freeReplyObject(reply) }
        // SAFETY: replies of a reader without functions of its own are redisReply.
        return unsafe RedisReply(reply.assumingMemoryBound(to: redisReply.self).pointee)
    }
}

/// A command as it is sent: an array of bulk strings (RESP2).
func encoded(_ command: [[UInt8]]) -> [UInt8] {
    var bytes = Array("*\(command.count)\r\n".utf8)
    for argument in command {
        bytes += Array("$\(argument.count)\r\n".utf8)
        bytes += argument
        bytes += [13, 10]
    }
    return bytes
}
