/// Answers sent piece by piece.
extension EventLoop {
    /// A streamed answer on its way to one client.
    struct Stream {
        let pieces: StreamedPieces
        /// Whether pieces are framed as chunks; else the end of the connection ends the answer.
        let isChunked: Bool
        let closes: Bool
        /// Bytes written for the client, the head's too.
        var bytesOut: Int
    }

    /// Puts the head of a streamed answer on its way, and what there is of its pieces.
    func begin(_ pieces: StreamedPieces, on connection: Connection) {
        guard let current = connection.current else { return }
        let response = pieces.head
        let isChunked = current.minorVersion >= 1
        let omitsBody = current.method == "HEAD" || !response.status.allowsBody
        let context = ResponseEncoder.Context(
            requestID: current.requestID,
            omitsBody: omitsBody,
            minorVersion: current.minorVersion,
            // HTTP/1.0 has no chunks, so there the end of the connection ends the answer.
            closes: response.closesConnection || !current.isKeptAlive || isDraining
                || !isChunked
        )
        let bytesOut = encoder.encodeHead(
            ofStream: response,
            context,
            isChunked: isChunked,
            into: &connection.output
        )
        connection.stream = Stream(
            pieces: pieces,
            isChunked: isChunked,
            closes: context.closes,
            bytesOut: bytesOut
        )
        if omitsBody {
            connection.exchange?.abandon()
            pieces.abandon()
            endStream(connection, response.status, note: nil)
        } else {
            forwardPieces(on: connection)
        }
    }

    /// Goes on with a stream that has new pieces.
    func forwardPieces(to token: ConnectionToken) {
        guard let connection = connection(token), connection.stream != nil else { return }
        forwardPieces(on: connection)
        serve(connection)
    }

    func forwardPieces(on connection: Connection) {
        guard let stream = connection.stream else { return }
        let before = connection.output.count
        let (bytes, end) = stream.pieces.take()
        if stream.isChunked {
            encoder.encodeChunk(bytes.span, into: &connection.output)
            if case .complete = end { encoder.encodeLastChunk(into: &connection.output) }
        } else {
            connection.output.append(bytes.span)
        }
        connection.stream?.bytesOut += connection.output.count - before
        switch end {
        case nil: break
        case .complete(let note): endStream(connection, stream.pieces.head.status, note: note)
        case .broken: endStream(connection, .internalServerError, note: nil, isBroken: true)
        }
    }

    private func endStream(
        _ connection: Connection,
        _ status: Status,
        note: (any AnyObject & Sendable)?,
        isBroken: Bool = false
    ) {
        if connection.upgraded != nil {
            // The handler has closed, or let go of it.
            endUpgrade(connection)
            connection.phase = .finishing(lingers: true)
            return
        }
        guard let stream = connection.stream, let current = connection.current else { return }
        connection.stream = nil
        endComputing(connection)
        finishRequest(connection)
        // Without a last chunk the client sees that the answer is not whole.
        if stream.closes || isBroken {
            connection.phase = .finishing(lingers: !connection.input.isEmpty)
        }
        log(current, status, connection, bytesOut: stream.bytesOut, note: note)
    }
}
