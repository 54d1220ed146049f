import HTTP
import TensorFormats

/// An event of an event stream whose data is a JSON document (WHATWG HTML, server-sent events).
struct Event: Sendable {
    /// nil for a message, which browsers hand to `onmessage`.
    var name: String?
    let data: JSON

    init(name: String? = nil, _ data: JSON) {
        self.name = name
        self.data = data
    }

    /// As it is sent; JSON's text is one line with its end.
    var bytes: [UInt8] {
        let field = name.map { "event: \($0)\n" } ?? ""
        return Array("\(field)data: ".utf8) + data.text + [UInt8(ascii: "\n")]
    }
}
