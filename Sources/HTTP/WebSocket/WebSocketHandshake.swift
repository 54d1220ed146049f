import COpenSSL

/// The request that opens a WebSocket (RFC 6455 §4.2).
public enum WebSocketHandshake {
    private static let version = "13"

    /// The answer that agrees to a WebSocket, or one that says what is wrong with the request.
    ///
    /// No extension is agreed on, permessage-deflate neither, and no subprotocol.
    public static func answer(to head: RequestHead) throws(WebSocketRefusal) -> Response {
        guard head.method == "GET", head.minorVersion >= 1,
            names(head.header("Upgrade"), "websocket"),
            names(head.header("Connection"), "upgrade")
        else { throw .notAsked }
        guard head.header("Sec-WebSocket-Version") == version else { throw .version }
        guard let key = head.header("Sec-WebSocket-Key"), isKey(key) else { throw .key }
        return Response(
            .switchingProtocols,
            headers: [("Upgrade", "websocket"), ("Sec-WebSocket-Accept", accept(key))]
        )
    }

    /// Whether a field of several names has this one.
    private static func names(_ field: String?, _ name: String) -> Bool {
        (field ?? "").split(separator: ",").contains { part in
            part.filter { $0 != " " && $0 != "\t" }.lowercased() == name
        }
    }

    /// Base64 of 16 bytes.
    private static func isKey(_ key: String) -> Bool {
        let bytes = Array(key.utf8)
        guard bytes.count == 24, bytes.suffix(2).elementsEqual("==".utf8) else { return false }
        return bytes.dropLast(2).allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }

    private static func accept(_ key: String) -> String {
        let message = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        // SAFETY: reads the message's bytes and writes the 20 of the digest.
        _ = unsafe SHA1(message, message.count, &digest)
        // 28 characters and a zero.
        var text = [UInt8](repeating: 0, count: 29)
        // SAFETY: 20 bytes become 28 characters.
        _ = unsafe EVP_EncodeBlock(&text, digest, 20)
        return String(decoding: text.prefix(28), as: UTF8.self)
    }
}

/// Why a request does not open a WebSocket.
public enum WebSocketRefusal: Error, Equatable, Sendable {
    /// It does not ask for one.
    case notAsked
    /// Another version than 13.
    case version
    /// The key is missing, or is none.
    case key
}

extension WebSocketRefusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAsked:
            "This route opens a WebSocket: send Upgrade: websocket and Connection: Upgrade, as WebSocket clients do."
        case .version: "WebSockets of version 13 are spoken here (Sec-WebSocket-Version)."
        case .key: "Sec-WebSocket-Key must be 16 bytes in base64."
        }
    }

    public var status: Status {
        switch self {
        case .notAsked, .version: .upgradeRequired
        case .key: .badRequest
        }
    }

    /// Fields that tell what would be right (RFC 9110 §15.5.22, RFC 6455 §4.4).
    public var headers: [(String, String)] {
        switch self {
        case .notAsked: [("Upgrade", "websocket")]
        case .version: [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
        case .key: []
        }
    }
}
