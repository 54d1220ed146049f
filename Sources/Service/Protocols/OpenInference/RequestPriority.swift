import HTTP
import TensorFormats

#if canImport(Glibc)
import Glibc
#endif

extension Call {
    /// The place among its client's requests that the parameter `priority` asks for.
    ///
    /// 1 goes first, then requests without one (or 0), then larger numbers, the larger the later. The queue has to know
    /// before the body is read: only requests that hold the word are looked into, and only if their JSON is short and not
    /// compressed. Whatever is wrong with them is said when they are read.
    var level: Int {
        guard route.readsPriority, request.head.contentCoding == .identity else { return 0 }
        let length = (try? jsonLength()) ?? request.body.count
        guard length <= Self.longestText, request.body.mentionsPriority(within: length) else {
            return 0
        }
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

extension Bytes {
    /// Whether the first `length` bytes hold "priority" in quotes.
    fileprivate func mentionsPriority(within length: Int) -> Bool {
        let word: StaticString = "\"priority\""
        // SAFETY: only bytes before `length` are read, of which there are as many, and the pointers stay here.
        return unsafe withUnsafeBytes { bytes in
            guard var place = bytes.baseAddress else { return false }
            let (end, size) = unsafe (place + length, word.utf8CodeUnitCount)
            while unsafe end - place >= size,
                let found = unsafe memchr(place, Int32(UInt8(ascii: "\"")), end - place)
            {
                let quote = UnsafeRawPointer(found)
                if unsafe end - quote < size { return false }
                if unsafe memcmp(quote, word.utf8Start, size) == 0 { return true }
                unsafe place = unsafe quote + 1
            }
            return false
        }
    }
}
