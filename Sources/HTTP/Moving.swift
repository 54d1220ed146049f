/// Bytes between clients and connections.
extension EventLoop {
    private static let readSize = 4096
    /// Reads of one connection before the others have their turn.
    private static let mostReads = 16
    private static let mostLingeredBytes = 64 << 20
    private static let keptInput = 64 << 10

    /// Does what an event of the poller calls for.
    func react(to event: Poller.Interest, on connection: Connection) {
        if connection.isComputing, connection.upgraded == nil {
            reactWhileComputing(to: event, on: connection)
        } else if connection.leavesInput, !event.isDisjoint(with: .broken) {
            close(connection)
        } else if !connection.output.isEmpty || connection.leavesInput {
            // Room for more, or the failure that sending will find.
            serve(connection)
        } else {
            receive(connection)
        }
    }

    /// Looks after a connection whose request is being computed; none of its input is read.
    ///
    /// A client that has closed and one that has only ended its sending look the same: FIN. An
    /// interim 100 tells them apart, as a client may ignore it (RFC 9110 §15.2.1), but a closed
    /// socket answers it with a reset. A reset means that nobody waits for the answer. HTTP/1.0
    /// has no interim answers, so there only a reset that comes by itself counts.
    private func reactWhileComputing(to event: Poller.Interest, on connection: Connection) {
        if !event.isDisjoint(with: .broken) {
            close(connection)
            return
        }
        if event.contains(.peerClosed), !connection.hasBeenProbed {
            connection.hasBeenProbed = true
            // A stream finds out by its next piece, and nothing may come between its pieces.
            if connection.current?.minorVersion == 1, connection.stream == nil {
                connection.output.append("HTTP/1.1 100 Continue\r\n\r\n")
            }
        }
        settle(connection, sawInput: event.contains(.readable))
    }

    /// Reads what has come, and serves it.
    func receive(_ connection: Connection) {
        if connection.isLingering {
            dropInput(connection)
            return
        }
        if connection.transport.isHandshaking, !shakeHands(connection) {
            settle(connection)
            return
        }
        var reads = 0
        var mayHoldMore = true
        while mayHoldMore, reads < Self.mostReads, connection.isOpen, !connection.leavesInput {
            let (outcome, room) = receiveOnce(connection)
            reads += 1
            switch outcome {
            case .bytes(let count):
                // A short read has emptied the socket.
                mayHoldMore = count == room || connection.transport.holdsInput
                advance(connection)
                if connection.parser.isReadingBody {
                    connection.place.isRenewed = true
                    checkRate(connection)
                }
            case .wouldBlock: mayHoldMore = false
            case .ended:
                mayHoldMore = false
                connection.hasInputEnded = true
            case .failed:
                close(connection)
                return
            }
        }
        settle(connection)
    }

    /// One read, to the input or to the place of a large body; returns the room it had.
    private func receiveOnce(_ connection: Connection) -> (Transport.Outcome, Int) {
        var outcome = Transport.Outcome.wouldBlock
        var room = 0
        let receive = { (buffer: UnsafeMutableRawBufferPointer) -> Int in
            room = buffer.count
            outcome = unsafe connection.transport.receive(into: buffer)
            if case .bytes(let count) = outcome { return count }
            return 0
        }
        if connection.isOpen, connection.parser.bodyBytesWanted > 0, connection.input.isEmpty {
            do throws(HTTPError) {
                let event = try unsafe connection.parser.receiveBody(receive)
                if case .body(let body) = event {
                    // It took all the room it asked for: whether more has come, the poller tells.
                    room = .max
                    handle(body, on: connection)
                }
            } catch {
                refuse(connection, error)
            }
        } else {
            connection.input.reserve(Self.readSize)
            _ = unsafe connection.input.write(atMost: .max, receive)
        }
        if case .bytes(let received) = outcome { counters.bytesIn.add(received) }
        return (outcome, room)
    }

    private func dropInput(_ connection: Connection) {
        for _ in 0..<Self.mostReads {
            connection.input.consume(connection.input.count)
            switch receiveOnce(connection).0 {
            case .bytes(let count):
                connection.lingeredBytes += count
                if connection.lingeredBytes <= Self.mostLingeredBytes { continue }
                close(connection)
            case .wouldBlock: break
            case .ended, .failed: close(connection)
            }
            return
        }
        if connection.transport.holdsInput { postpone(connection) }
    }

    /// Sends what there is to send; then closes the connection, or waits for what is next.
    func settle(_ connection: Connection, sawInput: Bool = false) {
        guard !connection.isClosed else { return }
        if !connection.output.isEmpty, !flush(connection) {
            close(connection)
            return
        }
        if connection.output.isEmpty {
            if finish(connection) { return }
            if connection.isIdle { connection.input.shrink(to: Self.keptInput) }
        }
        if connection.transport.holdsInput && connection.mayReceive { postpone(connection) }
        updateDeadline(connection)
        updateInterest(connection, sawInput: sawInput)
    }

    /// Returns false if the client cannot be reached any more.
    private func flush(_ connection: Connection) -> Bool {
        guard let sent = connection.output.flush(to: connection.transport) else { return false }
        counters.bytesOut.add(sent)
        connection.stream?.pieces.keep(unsent: connection.output.count)
        if connection.output.isEmpty {
            // Output that was full may have held back requests.
            if !connection.input.isEmpty && connection.isOpen && !connection.leavesInput {
                postpone(connection)
            }
        } else if sent > 0 {
            connection.place.isRenewed = true
        }
        return true
    }

    /// Ends a connection that has sent all it had to; returns whether it is closed.
    private func finish(_ connection: Connection) -> Bool {
        switch connection.phase {
        case .open:
            // Nothing can follow what is left of the input but the rest of a request.
            let isLast =
                connection.hasInputEnded && (!connection.isComputing || connection.upgraded != nil)
            if isLast && !connection.isPostponed || shouldEndForDrain(connection) {
                close(connection)
                return true
            }
        case .finishing(let lingers):
            if !lingers || connection.hasInputEnded {
                close(connection)
                return true
            }
            connection.phase = .lingering
            connection.transport.endSending()
        case .lingering: break
        case .closed: return true
        }
        return false
    }

    private func shouldEndForDrain(_ connection: Connection) -> Bool {
        isDraining && connection.isIdle && connection.hasBeenServed
    }

    private func updateInterest(_ connection: Connection, sawInput: Bool) {
        updatePortion(connection)
        let wanted: Poller.Interest
        if !connection.output.isEmpty {
            wanted = connection.transport.sendingInterest
        } else if connection.upgraded != nil {
            wanted = connection.leavesInput ? [] : connection.transport.receivingInterest
        } else if connection.isComputing {
            // What is not read now must not be reported again and again.
            let isQuiet = sawInput || connection.interest?.contains(.readable) == false
            let input: Poller.Interest = isQuiet ? [] : .readable
            wanted = connection.hasBeenProbed ? [] : input.union(.peerClosed)
        } else {
            wanted = connection.transport.receivingInterest
        }
        guard connection.interest != wanted else { return }
        let descriptor = connection.token.descriptor
        if connection.interest != nil {
            share.poller.modify(descriptor, wanted, token: connection.token.bits)
        } else if !share.poller.add(descriptor, wanted, token: connection.token.bits) {
            close(connection)
            return
        }
        connection.interest = wanted
    }
}
