/// An answer that is sent piece by piece while it is made.
///
/// May be used from any thread, and never waits. Letting go of it before `end` closes the connection, so that
/// the client does not take what it has for the whole.
public final class ResponseStream: Sendable {
    private let pieces: StreamedPieces

    init(_ pieces: StreamedPieces) {
        self.pieces = pieces
    }

    deinit {
        pieces.finish(.broken)
    }

    /// Sends a piece as soon as the client takes it.
    ///
    /// Nothing bounds what waits for the client but the caller, who should ask `hasRoom` before each.
    public func send(_ piece: [UInt8]) {
        pieces.append(piece)
    }

    /// Ends the answer; `note` goes to the handler's log of it.
    public func end(note: (any AnyObject & Sendable)? = nil) {
        pieces.finish(.complete(note: note))
    }

    /// Whether less than `Limits.streamed` bytes wait for the client, or nobody waits for the answer any more.
    public var hasRoom: Bool { pieces.hasRoom }

    /// Bytes that wait for the client.
    var waiting: Int { pieces.waiting }

    /// Calls `action` once when there is room again: now, or later on the thread of an event loop.
    ///
    /// It is called too when the client has gone. It must not block. At most one action is kept.
    public func whenRoom(_ action: @escaping @Sendable () -> Void) {
        pieces.whenRoom(action)
    }

    /// Whether nobody waits for the answer any more.
    public var isAbandoned: Bool { pieces.isAbandoned }
}
