import Glibc

extension HTTPError: CustomStringConvertible {
    /// One sentence that says what is wrong and what would be right.
    public var description: String {
        switch self {
        case .malformedRequestLine:
            "The request line must be METHOD TARGET HTTP/1.1, separated by single spaces."
        case .malformedTarget:
            "The request target must be a path of visible ASCII with valid percent escapes."
        case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .methodNotImplemented: "This method is not implemented."
        case .malformedField:
            "A header field must be a name, a colon and a value without control characters."
        case .missingHost: "An HTTP/1.1 request must have a Host field."
        case .invalidHost: "The request must have exactly one valid Host."
        case .invalidContentLength: "Content-Length must be one decimal number."
        case .conflictingLengths:
            "A request must not have both Content-Length and Transfer-Encoding."
        case .invalidTransferEncoding: "Transfer-Encoding must end in a single chunked."
        case .unsupportedTransferEncoding: "The only transfer coding understood is chunked."
        case .unsupportedContentEncoding:
            "The body's content coding is not understood: use gzip or deflate, once, or none."
        case .invalidChunk: "The chunked body is malformed."
        case .unknownExpectation: "The only expectation understood is 100-continue."
        case .headTimeout: "The request's header fields did not arrive in time."
        case .bodyTimeout: "The request's body did not arrive in time."
        case .plainOnSecurePort: "This port speaks HTTPS: the address must begin with https://."
        case .noAnswer: "The request was not answered."
        case .alreadyStarted: "The server has already been started."
        case .targetTooLong, .headTooLarge, .tooManyFields, .trailersTooLarge, .bodyTooLarge,
            .tooManyConnections, .tooManyOfClient, .tooManyBodies:
            limitDescription
        case .invalidAddress, .addressInUse, .system, .certificate: startDescription
        }
    }

    private var limitDescription: String {
        switch self {
        case .targetTooLong(let limit): "The request line is longer than \(limit) bytes."
        case .headTooLarge(let limit): "The header fields are longer than \(limit) bytes."
        case .tooManyFields(let limit): "There are more than \(limit) header fields."
        case .trailersTooLarge(let limit): "The trailer fields are longer than \(limit) bytes."
        case .bodyTooLarge(let limit): "The body is larger than the limit of \(limit) bytes."
        case .tooManyBodies(let limit):
            "The requests being received fill the server's \(limit) bytes; try later."
        case .tooManyOfClient(let limit):
            "Your address has \(limit) connections already; use fewer, or try later."
        case .tooManyConnections(let limit): "All \(limit) connections are in use; try later."
        default: ""
        }
    }

    private var startDescription: String {
        switch self {
        case .invalidAddress(let host, let port):
            "\(host) port \(port) is not a numeric IPv4 or IPv6 address with a port of 0 to 65535."
        case .addressInUse(let host, let port):
            "Port \(port) of \(host) is in use by another program."
        case .system(let operation, let number):
            "\(operation) failed: \(unsafe String(cString: strerror(number)))."
        case .certificate(let file, let reason): "\(file) cannot be used: \(reason)."
        default: ""
        }
    }
}
