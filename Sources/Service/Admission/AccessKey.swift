/// One API key as the key file describes it.
public struct AccessKey: Sendable, Equatable {
    /// Named in logs and metrics; several keys may not share it.
    public let name: String
    let digest: KeyDigest
    /// Whether the routes of administrators may be used too.
    let isAdministrator: Bool
    /// Requests accepted in a second on average; nil for any number.
    let requestsPerSecond: Int?
    /// Requests accepted at once after a pause.
    let burst: Int
    /// Requests answered at the same time; nil for any number.
    let concurrentRequests: Int?

    public init(
        name: String,
        digest: KeyDigest,
        isAdministrator: Bool = false,
        requestsPerSecond: Int? = nil,
        burst: Int? = nil,
        concurrentRequests: Int? = nil
    ) {
        self.name = name
        self.digest = digest
        self.isAdministrator = isAdministrator
        self.requestsPerSecond = requestsPerSecond
        self.burst = burst ?? requestsPerSecond ?? 1
        self.concurrentRequests = concurrentRequests
    }

    /// A new key, to be shown once: 256 random bits in letters and digits.
    public static func generate() -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".unicodeScalars)
        var random = SystemRandomNumberGenerator()
        var text = "striate_"
        // 52 digits of 5 bits.
        for _ in 0..<52 {
            text.unicodeScalars.append(alphabet[Int(random.next() & 31)])
        }
        return text
    }

    /// Whether a key may be called this: what fits a log line and a label.
    public static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
    }
}
