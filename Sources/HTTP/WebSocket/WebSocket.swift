/// The server's end of a WebSocket.
///
/// May be used from any thread, and never waits.
public final class WebSocket: Sendable {
    private let pieces: StreamedPieces
    private let destination: Exchange.Destination

    init(_ pieces: StreamedPieces, to destination: Exchange.Destination) {
        (self.pieces, self.destination) = (pieces, destination)
    }

    deinit { pieces.finish(.broken) }

    public func send(text: [UInt8]) { pieces.append(WebSocketFrame.text(text)) }
    public func send(binary: [UInt8]) { pieces.append(WebSocketFrame.binary(binary)) }

    /// Says why, and ends the connection.
    public func close(_ close: WebSocketClose, note: (any AnyObject & Sendable)? = nil) {
        pieces.append(WebSocketFrame.close(close))
        pieces.finish(.complete(note: note))
    }

    /// Asks for the next message; until then none is handed over, and at most one is read.
    public func receiveNext() {
        guard case .connection(let mailbox, let token, _) = destination else { return }
        mailbox.post(.socketReady(token))
    }

    /// Whether less than `Limits.streamed` bytes wait for the client, or it has gone.
    public var hasRoom: Bool { pieces.hasRoom }

    /// Calls `action` once when there is room again, or the client has gone: now, or later on the thread of a loop.
    public func whenRoom(_ action: @escaping @Sendable () -> Void) { pieces.whenRoom(action) }
}

/// What comes over a WebSocket.
public enum WebSocketEvent: Sendable {
    case message(WebSocketMessage)
    /// The client has closed, or is gone; nothing comes any more.
    case closed
}

/// A WebSocket that a handler agreed to, on its way to the event loop.
final class WebSocketUpgrade: Sendable {
    let pieces: StreamedPieces
    /// Bytes of a message.
    let limit: Int
    let receive: @Sendable (WebSocketEvent) -> Void

    init(
        _ pieces: StreamedPieces,
        limit: Int,
        receive: @escaping @Sendable (WebSocketEvent) -> Void
    ) {
        (self.pieces, self.limit, self.receive) = (pieces, limit, receive)
    }
}

extension Exchange {
    /// Answers with `head`, 101, and goes on as a WebSocket whose messages have at most `limit` bytes.
    ///
    /// `receive` is called on the thread of an event loop and must not block: with a message, and then only after
    /// `receiveNext` with another; at last with `closed`.
    public func upgrade(
        _ head: Response,
        limit: Int,
        receive: @escaping @Sendable (WebSocketEvent) -> Void
    ) -> WebSocket {
        let pieces = StreamedPieces(head, to: destination)
        let upgrade = WebSocketUpgrade(pieces, limit: limit, receive: receive)
        settle(.upgrade(upgrade)) { receive(.closed) }
        return WebSocket(pieces, to: destination)
    }
}
