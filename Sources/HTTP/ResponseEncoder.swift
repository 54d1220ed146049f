/// Writes answers as bytes (RFC 9112 §4–6).
struct ResponseEncoder {
    /// How an answer must be framed for the request it belongs to.
    struct Context {
        var requestID: String
        var omitsBody: Bool
        var minorVersion: Int
        var closes: Bool
        /// Whether the connection goes on as a WebSocket.
        var upgrades = false
    }

    /// Fields that only the server sets.
    private static let ownFields: [StaticString] = [
        "content-length", "connection", "date", "transfer-encoding", "x-request-id", "keep-alive",
    ]

    private var date = DateField()

    /// Appends the answer to `output` and returns its length in bytes.
    mutating func encode(
        _ response: Response,
        _ context: Context,
        into output: inout OutputQueue
    ) -> Int {
        let before = output.count
        appendFields(of: response, to: &output)
        if response.status.allowsBody {
            output.append("\r\nContent-Length: ")
            output.append(decimal: response.body.count)
        }
        appendEnd(context, to: &output)
        if response.status.allowsBody && !context.omitsBody { output.append(body: response.body) }
        return output.count - before
    }

    /// Appends the head of an answer whose length nobody knows yet, and returns its own length.
    mutating func encodeHead(
        ofStream response: Response,
        _ context: Context,
        isChunked: Bool,
        into output: inout OutputQueue
    ) -> Int {
        let before = output.count
        appendFields(of: response, to: &output)
        if isChunked && response.status.allowsBody {
            output.append("\r\nTransfer-Encoding: chunked")
        }
        appendEnd(context, to: &output)
        return output.count - before
    }

    /// Appends a chunk (RFC 9112 §7.1), unless there is nothing for it: an empty one would be the last.
    func encodeChunk(_ bytes: Span<UInt8>, into output: inout OutputQueue) {
        guard bytes.count > 0 else { return }
        output.append(String(bytes.count, radix: 16))
        output.append("\r\n")
        output.append(bytes)
        output.append("\r\n")
    }

    /// Appends the chunk that says that no more come, and no trailer.
    func encodeLastChunk(into output: inout OutputQueue) {
        output.append("0\r\n\r\n")
    }

    private mutating func appendFields(of response: Response, to output: inout OutputQueue) {
        output.append("HTTP/1.1 ")
        output.append(decimal: response.status.code)
        output.append(UInt8(ascii: " "))
        output.append(value: response.status.reason)
        date.append(to: &output)
        for (name, value) in response.headers { append(name, value, to: &output) }
    }

    private func appendEnd(_ context: Context, to output: inout OutputQueue) {
        output.append("\r\nX-Request-Id: ")
        output.append(value: context.requestID)
        if context.upgrades {
            output.append("\r\nConnection: Upgrade")
        } else if context.closes {
            output.append("\r\nConnection: close")
        } else if context.minorVersion == 0 {
            output.append("\r\nConnection: keep-alive")
        }
        output.append("\r\n\r\n")
    }

    private func append(_ name: String, _ value: String, to output: inout OutputQueue) {
        let bytes = name.utf8.span
        guard bytes.count > 0, bytes.indices.allSatisfy({ bytes[$0].isTokenCharacter }),
            !Self.ownFields.contains(where: { bytes.equals(caseInsensitive: $0) })
        else { return }
        output.append("\r\n")
        output.append(bytes)
        output.append(": ")
        output.append(value: value)
    }
}

extension OutputQueue {
    /// Appends a field value; control characters, which could end the field, become spaces.
    fileprivate mutating func append(value: String) {
        let bytes = value.utf8.span
        if bytes.indices.allSatisfy({ bytes[$0].isFieldCharacter }) {
            append(bytes)
        } else {
            for index in bytes.indices {
                append(bytes[index].isFieldCharacter ? bytes[index] : 0x20)
            }
        }
    }

    /// Appends a number that is not negative.
    fileprivate mutating func append(decimal number: Int) {
        if number >= 10 { append(decimal: number / 10) }
        append(UInt8(truncatingIfNeeded: 0x30 + number % 10))
    }
}
