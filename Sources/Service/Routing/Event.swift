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

/// An answer made as events, one after the other; a value, which may stop and go on between two.
protocol EventSource: Sendable {
    /// The share of the work that is still to be done.
    var remaining: Double { get }

    /// Makes the next event; nil when there are no more.
    mutating func next(_ call: Call) throws(ServiceError) -> Event?
}

extension EventSource {
    /// All events together, for those who do not wait for each.
    func whole(for call: Call) throws(ServiceError) -> [UInt8] {
        var events = self
        var bytes: [UInt8] = []
        while let event = try events.next(call) { bytes += event.bytes }
        return bytes
    }
}
