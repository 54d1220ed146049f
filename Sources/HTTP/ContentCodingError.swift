/// Why a coded body cannot be unpacked.
public enum ContentCodingError: Error, Hashable, Sendable {
    /// The bytes are not of this coding, or their checksum is wrong.
    case corrupt(ContentCoding)
    /// The coded data does not end.
    case truncated(ContentCoding)
    /// Bytes follow the end of the coded data.
    case trailingBytes(ContentCoding)
    /// The body unpacks to more than `limit` bytes.
    case tooLarge(limit: Int)
    /// The body unpacks to more than `limit` times its size, as only a trap does.
    case ratio(limit: Int)
    /// The answer is no longer wanted.
    case cancelled
    case outOfMemory
}

extension ContentCodingError {
    public var status: Status {
        switch self {
        case .corrupt, .truncated, .trailingBytes: .badRequest
        case .tooLarge, .ratio: .contentTooLarge
        case .cancelled: .clientClosedRequest
        case .outOfMemory: .serviceUnavailable
        }
    }

    /// A stable name for programs, in snake case.
    public var code: String {
        switch self {
        case .corrupt, .truncated, .trailingBytes: "invalid_content_coding"
        case .tooLarge: "body_too_large"
        case .ratio: "suspicious_compression"
        case .cancelled: "client_gone"
        case .outOfMemory: "out_of_memory"
        }
    }
}

extension ContentCodingError: CustomStringConvertible {
    /// A sentence a client can act on.
    public var description: String {
        switch self {
        case .corrupt(let coding): "The body is not valid \(coding.rawValue) data."
        case .truncated(let coding): "The body's \(coding.rawValue) data is cut off."
        case .trailingBytes(let coding):
            "Bytes follow the end of the body's \(coding.rawValue) data."
        case .tooLarge(let limit):
            "The body unpacks to more than \(limit) bytes, the limit; send less at once."
        case .ratio(let limit):
            "The body unpacks to more than \(limit) times its size; send it without compression."
        case .cancelled: "The client closed the connection before the body was unpacked."
        case .outOfMemory: "There is no memory to unpack the body; try again later."
        }
    }
}
