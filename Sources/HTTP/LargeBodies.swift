/// Large bodies, of which a loop need not see every segment.
///
/// Only bytes that are as good as here are waited for: at least a portion is still missing.
extension EventLoop {
    private static let portion = 256 << 10

    /// Has the poller report a connection by portions as long as much of a body is missing.
    func updatePortion(_ connection: Connection) {
        let missing = connection.isOpen ? connection.parser.bodyBytesWanted : 0
        if connection.awaitsPortion {
            guard missing < Self.portion else { return }
            connection.transport.awaitInput(of: 1)
        } else {
            guard missing >= 2 * Self.portion, connection.transport.isPlain else { return }
            connection.transport.awaitInput(of: Self.portion)
        }
        connection.awaitsPortion.toggle()
    }

    /// Receives what has come without being reported; returns whether there was any.
    func receivesLessThanPortion(_ connection: Connection) -> Bool {
        guard connection.awaitsPortion else { return false }
        let before = connection.parser.bytesRead
        receive(connection)
        return connection.isClosed || connection.parser.bytesRead != before
    }
}
