import HTTP

extension Call {
    /// Unpacks a coded body, so that endpoints see plain bytes only.
    mutating func unpackBody(with coder: BodyCoder) throws(ServiceError) {
        guard request.head.contentCoding != .identity, !request.body.isEmpty else { return }
        do throws(ContentCodingError) {
            let body = try coder.decode(
                request.body,
                request.head.contentCoding,
                limit: route.bodyLimit(configuration),
                isCancelled: { cancellation.isCancelled }
            )
            request = request.replacingBody(body)
        } catch .cancelled {
            try cancellation.check()
            throw .clientGone
        } catch {
            throw .contentCoding(error)
        }
    }
}

extension Request {
    /// Bytes of the body once unpacked, guessed: texts of numbers shrink to about two fifths.
    var likelyBodyBytes: Int {
        head.contentCoding == .identity ? body.count : body.count * 5 / 2
    }
}
