extension RequestHead {
    /// A head as if it had been parsed from a message with a body of known length.
    init(method: String, target: String, headers: [(String, String)]) throws(HTTPError) {
        var text: [UInt8] = []
        var slices: [FieldSlice] = []
        for (name, value) in headers {
            let start = text.count
            text += name.utf8
            let middle = text.count
            text += value.utf8
            slices.append(
                FieldSlice(name: Slice(start..<middle), value: Slice(middle..<text.count))
            )
        }
        let parts = try Target(target[...])
        self.method = method
        self.target = target
        path = parts.path
        query = parts.query
        self.headers = HeaderFields(head: text, slices: slices)
        requestID = self.headers["X-Request-Id"] ?? "test"
        contentLength = nil
        framing = .none
        isKeptAlive = true
        expectsContinue = false
        minorVersion = 1
    }
}
