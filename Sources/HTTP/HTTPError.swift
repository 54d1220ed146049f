/// What can be wrong with a message, or with the address to listen on.
///
/// An error of a message is answered with its `status`, and closes the connection.
public enum HTTPError: Error, Hashable, Sendable {
    case malformedRequestLine
    case malformedTarget
    case unsupportedVersion
    case methodNotImplemented
    case malformedField
    case missingHost
    case invalidHost
    case invalidContentLength
    case conflictingLengths
    case invalidTransferEncoding
    case unsupportedTransferEncoding
    case unsupportedContentEncoding
    case invalidChunk
    case unknownExpectation
    /// The request line is longer than `limit` bytes.
    case targetTooLong(limit: Int)
    /// Request line and fields are longer than `limit` bytes.
    case headTooLarge(limit: Int)
    case tooManyFields(limit: Int)
    case trailersTooLarge(limit: Int)
    case bodyTooLarge(limit: Int)
    /// The head was not complete in time.
    case headTimeout
    /// The body stopped arriving, or arrived too slowly.
    case bodyTimeout
    /// A client speaks plain HTTP on a port for TLS.
    case plainOnSecurePort
    case tooManyConnections(limit: Int)
    /// One client has more than `limit`.
    case tooManyOfClient(limit: Int)
    /// The bodies of all connections together would hold more than `limit` bytes.
    case tooManyBodies(limit: Int)
    /// The service let go of a request without answering it.
    case noAnswer
    case invalidAddress(host: String, port: Int)
    case addressInUse(host: String, port: Int)
    /// The system refused `operation` with this error number.
    case system(operation: String, errno: Int32)
    case alreadyStarted
    /// A file of certificates or keys cannot be used.
    case certificate(file: String, reason: String)
}

extension HTTPError {
    /// The status of the answer to a message with this error.
    public var status: Status {
        switch self {
        case .malformedRequestLine, .malformedTarget, .malformedField, .missingHost, .invalidHost,
            .invalidContentLength, .conflictingLengths, .invalidTransferEncoding, .invalidChunk,
            .plainOnSecurePort:
            .badRequest
        case .unsupportedVersion: .versionNotSupported
        case .methodNotImplemented, .unsupportedTransferEncoding: .notImplemented
        case .unsupportedContentEncoding: .unsupportedMediaType
        case .unknownExpectation: .expectationFailed
        case .targetTooLong: .uriTooLong
        case .headTooLarge, .tooManyFields, .trailersTooLarge: .fieldsTooLarge
        case .bodyTooLarge: .contentTooLarge
        case .headTimeout, .bodyTimeout: .requestTimeout
        case .tooManyConnections, .tooManyOfClient, .tooManyBodies: .serviceUnavailable
        case .noAnswer, .invalidAddress, .addressInUse, .system, .alreadyStarted, .certificate:
            .internalServerError
        }
    }

    /// A stable name for programs, in snake case.
    public var code: String {
        switch self {
        case .malformedRequestLine: "malformed_request_line"
        case .malformedTarget: "malformed_target"
        case .unsupportedVersion: "unsupported_version"
        case .methodNotImplemented: "method_not_implemented"
        case .malformedField: "malformed_field"
        case .missingHost: "missing_host"
        case .invalidHost: "invalid_host"
        case .invalidContentLength: "invalid_content_length"
        case .conflictingLengths: "conflicting_lengths"
        case .invalidTransferEncoding: "invalid_transfer_encoding"
        case .unsupportedTransferEncoding: "unsupported_transfer_encoding"
        case .unsupportedContentEncoding: "unsupported_content_encoding"
        case .invalidChunk: "invalid_chunk"
        case .unknownExpectation: "unknown_expectation"
        case .targetTooLong: "target_too_long"
        case .headTooLarge: "head_too_large"
        case .tooManyFields: "too_many_fields"
        case .trailersTooLarge: "trailers_too_large"
        case .bodyTooLarge: "body_too_large"
        case .headTimeout: "head_timeout"
        case .bodyTimeout: "body_timeout"
        case .plainOnSecurePort: "plain_on_secure_port"
        case .tooManyConnections: "too_many_connections"
        case .tooManyOfClient: "too_many_connections_of_client"
        case .tooManyBodies: "too_many_bodies"
        case .noAnswer: "no_answer"
        case .invalidAddress: "invalid_address"
        case .addressInUse: "address_in_use"
        case .system: "system_error"
        case .alreadyStarted: "already_started"
        case .certificate: "certificate"
        }
    }
}
