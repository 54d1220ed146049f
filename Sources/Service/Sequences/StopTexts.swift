/// Lets a growing text through up to the first of some texts at which it is to stop.
///
/// Of several that could stop it, the one complete first does; of those, the longest. What may be the beginning
/// of one is held back until it is known not to be (Knuth, Morris and Pratt, 1977).
struct StopTexts: Sendable {
    private struct Stop {
        let bytes: [UInt8]
        /// For every prefix, the length of its longest proper prefix that is also its end.
        let fallbacks: [Int]
        /// Bytes at the end of the text that are the beginning of this one.
        var matched = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            var fallbacks = [0]
            var length = 0
            for byte in bytes.dropFirst() {
                while length > 0, bytes[length] != byte { length = fallbacks[length - 1] }
                if bytes[length] == byte { length += 1 }
                fallbacks.append(length)
            }
            self.fallbacks = fallbacks
        }

        /// Whether the text is complete with this byte.
        mutating func completes(with byte: UInt8) -> Bool {
            while matched > 0, bytes[matched] != byte { matched = fallbacks[matched - 1] }
            if bytes[matched] == byte { matched += 1 }
            return matched == bytes.count
        }
    }

    private var stops: [Stop]
    private var held: [UInt8] = []
    /// Whether the text has come to its stop; then nothing more may be fed.
    private(set) var isFound = false

    /// Those of more than `longest` bytes cannot be in the text.
    init(_ texts: [String], longest: Int) {
        stops = texts.filter { (1...max(1, longest)).contains($0.utf8.count) }.map {
            Stop(Array($0.utf8))
        }
    }

    /// Adds to the text, and returns what may be shown now.
    mutating func feed(_ text: String) -> String {
        for byte in text.utf8 {
            held.append(byte)
            var found = 0
            for index in stops.indices {
                if stops[index].completes(with: byte) {
                    found = max(found, stops[index].bytes.count)
                }
            }
            guard found > 0 else { continue }
            isFound = true
            held.removeLast(found)
            return rest()
        }
        let begun = stops.map(\.matched).max() ?? 0
        let shown = held.prefix(held.count - begun)
        held.removeFirst(shown.count)
        return String(decoding: shown, as: UTF8.self)
    }

    /// What is still held back, once there is no more text.
    mutating func rest() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }
}
