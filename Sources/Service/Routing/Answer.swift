import HTTP
import TensorFormats

/// What an endpoint answers, before the fields every reply carries are added.
struct Answer: Sendable {
    var status = Status.ok
    var contentType: String
    var body: [UInt8]
    var headers: [(String, String)] = []
    /// What makes the answer, where it is made symbol by symbol; nothing else counts then but the headers of events.
    var work: (any SequenceWork)?
    /// What makes the answer, where that may be computed together with others'.
    var tensors: TensorWork?
    private(set) var isDeclined = false

    /// Stands for the answer of a companion that has no symbols read: it needs a turn of its own.
    static var declined: Answer {
        var answer = Answer(contentType: "", body: [])
        answer.isDeclined = true
        return answer
    }

    /// A JSON document without numbers that may be NaN or infinite.
    init(_ document: JSON, status: Status = .ok) {
        self.status = status
        contentType = AnswerForm.json.contentType
        body = document.text
    }

    /// An answer that symbols are to be read for.
    init(_ work: any SequenceWork) {
        self.init(events: [])
        self.work = work
    }

    /// An answer that tensors are to be computed for.
    init(_ work: TensorWork) {
        self.init(contentType: "", body: [])
        tensors = work
    }

    /// An answer of events.
    init(events: [UInt8]) {
        contentType = AnswerForm.eventStream.contentType
        body = events
        // The second keeps nginx from collecting events before it passes them on.
        headers = [("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]
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

extension Call {
    /// The warnings as a header field's value: printable ASCII, and not more than is read.
    var warningText: String {
        let most = 8
        var texts = warnings.prefix(most).map { String($0.prefix(200)) }
        if warnings.count > most { texts.append("and \(warnings.count - most) more") }
        let text = texts.joined(separator: "; ")
        return String(text.unicodeScalars.map { (" "..."~").contains($0) ? Character($0) : "?" })
    }
}
