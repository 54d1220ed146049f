import HTTP

/// What an endpoint answers, before the fields every reply carries are added.
struct Answer: Sendable {
    var status = Status.ok
    var contentType: String
    var body: [UInt8]
    var headers: [(String, String)] = []

    /// A JSON document without numbers that may be NaN or infinite.
    init(_ document: JSON, status: Status = .ok) {
        self.status = status
        contentType = AnswerForm.json.contentType
        body = document.text
    }

    init(contentType: String, body: [UInt8], headers: [(String, String)] = []) {
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }

    init(_ form: AnswerForm, body: [UInt8], headers: [(String, String)] = []) {
        contentType = form.contentType
        self.body = body
        self.headers = headers
    }
}
