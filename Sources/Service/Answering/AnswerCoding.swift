import HTTP

/// Whether an answer is packed, and for whom.
enum AnswerCoding {
    /// Below this, packing saves less than a network packet.
    static let smallest = 1024
    /// Above this, packing takes too long for an event loop: 100 µs.
    static let largestOnLoop = 16 << 10

    /// Text, of which there is something to save; pictures are packed already, tensors cannot be.
    static func isPackable(_ response: Response) -> Bool {
        guard response.status.code == 200,
            let type = response.headers.first(where: { $0.0 == "Content-Type" })?.1
        else { return false }
        return type.hasPrefix("text/") && !type.hasPrefix("text/event-stream")
            || type.hasPrefix("application/json") || type.hasPrefix("image/svg+xml")
    }

    /// The coding for this answer, or identity.
    static func choose(for response: Response, _ head: RequestHead) -> ContentCoding {
        guard response.body.count > smallest, isPackable(response) else { return .identity }
        return ContentCoding.preferred(by: head.header("Accept-Encoding"))
    }

    /// Packs the answer, if it gets smaller by that.
    static func pack(_ response: inout Response, _ coding: ContentCoding, with coder: BodyCoder) {
        guard let body = coder.encode(response.body, coding), body.count < response.body.count
        else { return }
        response.body = body
        response.headers.append(("Content-Encoding", coding.rawValue))
    }
}
