import HTTP
import TensorFormats

extension Call {
    /// The place among its client's requests that the parameter `priority` asks for.
    ///
    /// 1 goes first, then requests without one (or 0), then larger numbers, the larger the later. The queue has to know
    /// before the body is read: only requests that hold the word are looked into, and only if their JSON is short and not
    /// compressed. Whatever is wrong with them is said when they are read.
    var level: Int {
        guard route.readsPriority, request.head.contentCoding == .identity else { return 0 }
        let length = (try? jsonLength()) ?? request.body.count
        guard length <= Self.longestText,
            request.body.firstRange(of: "\"priority\"", within: length) != nil
        else { return 0 }
        let priority = (try? Self.priority(request.body.copy(0..<length))) ?? 0
        return priority == 1 ? -1 : max(0, priority - 1)
    }

    /// Bytes of JSON that are looked through while a connection's loop waits.
    private static let longestText = 1 << 20

    private static func priority(_ text: [UInt8]) throws(JSONError) -> Int {
        var reader = JSONReader(text)
        reader.allowsNonFinite = true
        var priority = 0
        try reader.object { (key, reader) throws(JSONError) in
            guard key == "parameters", try !reader.null() else { return }
            priority = try InferParameters(&reader).priority ?? 0
        }
        return priority
    }
}
