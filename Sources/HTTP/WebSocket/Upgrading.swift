/// A connection that has become a WebSocket; touched only by the thread of its loop.
final class UpgradedConnection {
    let upgrade: WebSocketUpgrade
    var parser: WebSocketParser
    /// Whether the handler works on a message.
    var isBusy = false
    /// The next one, read before it was asked for.
    var pending: WebSocketMessage?
    /// Whether a client that was quiet was asked for a sign of life.
    var isProbed = false
    /// Whether nothing more is read: one side has closed.
    var isOver = false

    init(_ upgrade: WebSocketUpgrade, budget: BodyBudget) {
        self.upgrade = upgrade
        parser = WebSocketParser(limit: upgrade.limit, budget: budget)
    }

    /// Whether more input would be of use now.
    var mayRead: Bool { !isOver && pending == nil }
}

/// WebSockets on a loop.
extension EventLoop {
    /// Agrees to a WebSocket; from now on the connection's input is frames.
    func begin(_ upgrade: WebSocketUpgrade, on connection: Connection) {
        guard let current = connection.current else { return }
        let context = ResponseEncoder.Context(
            requestID: current.requestID,
            omitsBody: true,
            minorVersion: current.minorVersion,
            closes: false,
            upgrades: true
        )
        let bytesOut = encoder.encodeHead(
            ofStream: upgrade.pieces.head,
            context,
            isChunked: false,
            into: &connection.output
        )
        connection.stream = Stream(
            pieces: upgrade.pieces,
            isChunked: false,
            closes: true,
            bytesOut: bytesOut
        )
        connection.upgraded = UpgradedConnection(upgrade, budget: budget)
        connection.hasBeenServed = true
        connection.place.isRenewed = true
        forwardPieces(on: connection)
    }

    /// Takes what frames the input holds.
    func advance(_ upgraded: UpgradedConnection, on connection: Connection) {
        while connection.isOpen, upgraded.mayRead, connection.output.count < limits.output {
            do throws(WebSocketClose) {
                switch try upgraded.parser.next(from: &connection.input) {
                case .incomplete: return
                case .message(let message): hand(message, to: upgraded)
                case .ping(let payload):
                    connection.output.append(body: WebSocketFrame.pong(payload))
                case .pong: break
                case .close(let reason): end(connection, reason, lingers: false)
                }
                upgraded.isProbed = false
                connection.place.isRenewed = true
            } catch {
                end(connection, error, lingers: true)
            }
        }
    }

    private func hand(_ message: WebSocketMessage, to upgraded: UpgradedConnection) {
        guard !upgraded.isBusy else {
            upgraded.pending = message
            return
        }
        upgraded.isBusy = true
        upgraded.upgrade.receive(.message(message))
    }

    /// The handler is done with a message.
    func receiveNext(on token: ConnectionToken) {
        guard let connection = connection(token), let upgraded = connection.upgraded else { return }
        upgraded.isBusy = false
        if let message = upgraded.pending {
            upgraded.pending = nil
            hand(message, to: upgraded)
        }
        serve(connection)
    }

    /// Sends a close frame, and closes once it is sent.
    func end(_ connection: Connection, _ reason: WebSocketClose?, lingers: Bool) {
        guard let upgraded = connection.upgraded, !upgraded.isOver else { return }
        upgraded.isOver = true
        connection.output.append(body: WebSocketFrame.close(reason))
        connection.stream?.pieces.abandon()
        endUpgrade(connection)
        connection.phase = .finishing(lingers: lingers)
    }

    /// Tells the handler that its client is gone, and takes note of the whole in the log.
    func endUpgrade(_ connection: Connection) {
        guard let upgraded = connection.upgraded else { return }
        connection.upgraded = nil
        upgraded.isOver = true
        upgraded.parser.end()
        upgraded.upgrade.receive(.closed)
        guard let stream = connection.stream, let current = connection.current else { return }
        connection.stream = nil
        endComputing(connection)
        finishRequest(connection)
        log(current, .switchingProtocols, connection, bytesOut: stream.bytesOut)
    }

    /// A client was quiet for as long as one may be: it is asked for a sign of life, and then given up.
    func expire(_ upgraded: UpgradedConnection, _ connection: Connection) {
        guard !upgraded.isProbed, connection.output.isEmpty else {
            close(connection)
            return
        }
        upgraded.isProbed = true
        connection.output.append(body: WebSocketFrame.ping())
        connection.place.isRenewed = true
        settle(connection)
    }
}
