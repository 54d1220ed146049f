import HTTP

/// What a request's body is, found from its bytes; the header only decides where bytes cannot.
enum BodyKind: Sendable {
    case picture
    case npy
    case json
    case form
    case text
    case unknown

    init(_ request: Request) {
        let type = request.header("Content-Type")?.lowercased() ?? ""
        let start = request.body.prefix(8)
        if start.starts(with: [0x93] + Array("NUMPY".utf8)) {
            self = .npy
        } else if start.starts(with: [0x89] + Array("PNG".utf8))
            || start.starts(with: [0xFF, 0xD8])
        {
            self = .picture
        } else if type.hasPrefix("multipart/") {
            self = .form
        } else if type.hasPrefix("text/plain") {
            self = .text
        } else if type.hasPrefix("image/") {
            self = .picture
        } else if type.hasPrefix("application/x-npy") {
            self = .npy
        } else if type.hasPrefix("application/json") || type.hasPrefix("text/json")
            || Self.opensJSON(start)
        {
            self = .json
        } else {
            self = .unknown
        }
    }

    private static func opensJSON(_ start: [UInt8]) -> Bool {
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        guard let first = start.first(where: { !blanks.contains($0) }) else { return false }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }
}

extension Request {
    /// Refuses an empty body.
    func checkBody(expecting expected: @autoclosure () -> String) throws(ServiceError) {
        guard body.count > 0 else { throw .emptyBody(expected: expected()) }
    }

    /// A body that is there, and is not said to be anything but JSON.
    func checkJSONBody(expecting expected: String) throws(ServiceError) {
        try checkBody(expecting: expected)
        switch BodyKind(self) {
        case .json, .unknown: break
        case .text, .picture, .npy, .form:
            let type = header("Content-Type") ?? "unknown"
            throw .unsupportedMedia(got: type, expected: expected)
        }
    }
}
