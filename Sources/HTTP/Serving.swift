extension EventLoop {
    /// A body of at most this many bytes is read and dropped when it was not wanted.
    private static let mostDiscarded = 64 << 10

    /// Parses and answers what the input holds, then sends.
    func serve(_ connection: Connection) {
        advance(connection)
        settle(connection)
    }

    /// Goes on with what was postponed.
    func resume(_ connection: Connection) {
        if !connection.isOpen || connection.transport.isHandshaking {
            receive(connection)
            return
        }
        advance(connection)
        if connection.transport.holdsInput && connection.mayReceive {
            receive(connection)
        } else {
            settle(connection)
        }
    }

    /// Parses and answers what the input holds, one request after the other.
    func advance(_ connection: Connection) {
        if let upgraded = connection.upgraded {
            advance(upgraded, on: connection)
            return
        }
        var answered = 0
        while connection.isOpen, !connection.isComputing, connection.output.count < limits.output {
            if answered == limits.pipelined {
                postpone(connection)
                return
            }
            do throws(HTTPError) {
                let event = try connection.parser.next(
                    from: &connection.input,
                    identifiers: &identifiers
                )
                switch event {
                case .incomplete:
                    sendContinue(connection)
                    return
                case .head(let head): try admit(head, on: connection)
                case .body(let body):
                    handle(body, on: connection)
                    answered += 1
                }
            } catch {
                refuse(connection, error)
            }
        }
    }

    private func admit(_ head: RequestHead, on connection: Connection) throws(HTTPError) {
        connection.current = head
        connection.context = nil
        connection.arrival = .now
        connection.isContinueSent = false
        switch handler.admit(head) {
        case .read(let bodyLimit, let context):
            connection.context = context
            try connection.parser.acceptBody(limit: bodyLimit)
        case .respond(var response, let context):
            connection.context = context
            // A client that waits for 100 may send the body or not; nobody can know.
            let canGoOn =
                !(head.expectsContinue && head.hasBody)
                && connection.parser.discardBody(limit: Self.mostDiscarded)
            if !canGoOn { response.closesConnection = true }
            answer(connection, response, lingers: !canGoOn)
        }
    }

    /// RFC 9110 §10.1.1: only if the head was accepted and nothing of the body has come.
    private func sendContinue(_ connection: Connection) {
        guard let current = connection.current, current.expectsContinue,
            !connection.isContinueSent, connection.parser.isReadingBody,
            connection.parser.bytesRead == current.byteCount, connection.input.isEmpty
        else { return }
        connection.isContinueSent = true
        connection.output.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Hands the current request to the handler.
    func handle(_ body: Bytes, on connection: Connection) {
        guard let head = connection.current else { return }
        let request = Request(
            head: head,
            body: body,
            arrival: connection.arrival,
            peer: connection.peer,
            context: connection.context
        )
        let exchange = Exchange(
            mailbox: share.mailbox,
            connection: connection.token,
            streamed: limits.streamed
        )
        counters.requestsInFlight.add(1)
        handler.handle(request, exchange)
        switch exchange.takeAnswer() {
        case .response(let response):
            counters.requestsInFlight.add(-1)
            answer(connection, response)
        case .stream(let pieces):
            startComputing(connection, exchange)
            begin(pieces, on: connection)
        case .upgrade(let upgrade):
            startComputing(connection, exchange)
            begin(upgrade, on: connection)
        case nil: startComputing(connection, exchange)
        }
    }

    private func startComputing(_ connection: Connection, _ exchange: Exchange) {
        connection.isComputing = true
        connection.exchange = exchange
    }

    /// Brings an answer that was computed elsewhere.
    func deliver(_ reply: Exchange.Reply, to token: ConnectionToken) {
        let connection = connection(token).flatMap { $0.isComputing ? $0 : nil }
        switch (reply, connection) {
        case (.response(let response), let connection?):
            endComputing(connection)
            answer(connection, response)
            serve(connection)
        case (.stream(let pieces), let connection?):
            begin(pieces, on: connection)
            serve(connection)
        case (.upgrade(let upgrade), let connection?):
            begin(upgrade, on: connection)
            serve(connection)
        case (.stream(let pieces), nil): pieces.abandon()
        case (.upgrade(let upgrade), nil): upgrade.receive(.closed)
        case (.response, nil): break
        }
    }

    func deliverNoAnswer(to token: ConnectionToken) {
        guard let connection = connection(token), connection.isComputing,
            let current = connection.current
        else { return }
        let response = handler.errorResponse(.noAnswer, requestID: current.requestID)
        deliver(.response(response), to: token)
    }

    func endComputing(_ connection: Connection) {
        connection.isComputing = false
        connection.exchange = nil
        connection.hasBeenProbed = false
        counters.requestsInFlight.add(-1)
    }

    /// Tells a handler that is still computing that nobody waits any more.
    func abandon(_ connection: Connection) {
        guard connection.isComputing, let current = connection.current else { return }
        connection.exchange?.abandon()
        if connection.upgraded != nil {
            connection.stream?.pieces.abandon()
            endUpgrade(connection)
            return
        }
        let stream = connection.stream
        connection.stream = nil
        stream?.pieces.abandon()
        endComputing(connection)
        let bytesOut = stream.map { max(0, $0.bytesOut - connection.output.count) } ?? 0
        log(current, .clientClosedRequest, connection, bytesOut: bytesOut)
    }

    /// Puts the answer to the current request on its way.
    private func answer(_ connection: Connection, _ response: Response, lingers: Bool = false) {
        guard let current = connection.current else { return }
        let closes = response.closesConnection || !current.isKeptAlive || isDraining
        let context = ResponseEncoder.Context(
            requestID: current.requestID,
            omitsBody: current.method == "HEAD",
            minorVersion: current.minorVersion,
            closes: closes
        )
        let bytesOut = encoder.encode(response, context, into: &connection.output)
        finishRequest(connection)
        // Closing with unread input would reset the connection and lose the answer.
        if closes { connection.phase = .finishing(lingers: lingers || !connection.input.isEmpty) }
        log(current, response.status, connection, bytesOut: bytesOut, note: response.note)
    }

    /// Answers a message that is not a request, and ends the connection.
    func refuse(_ connection: Connection, _ error: HTTPError) {
        let current = connection.current
        let isHead = connection.input.withSpan { input in
            input.count >= 5 && input.extracting(0..<5).equals("HEAD ")
        }
        let context = ResponseEncoder.Context(
            requestID: current?.requestID ?? identifiers.next(),
            omitsBody: current.map { $0.method == "HEAD" } ?? isHead,
            minorVersion: 1,
            closes: true
        )
        var response = handler.errorResponse(error, requestID: context.requestID)
        response.addFields(for: error)
        let bytesOut = encoder.encode(response, context, into: &connection.output)
        finishRequest(connection)
        connection.phase = .finishing(lingers: true)
        let record = AccessRecord(
            requestID: context.requestID,
            head: current,
            peer: connection.peer,
            status: response.status,
            bytesIn: connection.parser.bytesRead,
            bytesOut: bytesOut,
            duration: current == nil ? .zero : connection.arrival.duration(to: .now),
            note: response.note,
            context: current == nil ? nil : connection.context
        )
        counters.requests.add(1)
        handler.log(record)
    }

    func finishRequest(_ connection: Connection) {
        connection.current = nil
        connection.hasBeenServed = true
        connection.place.isRenewed = true
    }

    func log(
        _ head: RequestHead,
        _ status: Status,
        _ connection: Connection,
        bytesOut: Int,
        note: (any AnyObject & Sendable)? = nil
    ) {
        counters.requests.add(1)
        handler.log(
            AccessRecord(
                requestID: head.requestID,
                head: head,
                peer: connection.peer,
                status: status,
                bytesIn: connection.parser.bytesRead,
                bytesOut: bytesOut,
                duration: connection.arrival.duration(to: .now),
                note: note,
                context: connection.context
            )
        )
    }
}

extension Response {
    /// Fields that the status of `error` calls for (RFC 9110 §15.5.16, §15.6.4).
    fileprivate mutating func addFields(for error: HTTPError) {
        switch error {
        case .unsupportedContentEncoding:
            headers.append(("Accept-Encoding", ContentCoding.acceptedNames))
        case .tooManyConnections, .tooManyOfClient, .tooManyBodies:
            headers.append(("Retry-After", "1"))
        default: break
        }
    }
}
