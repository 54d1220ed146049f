import COpenSSL
public import FoundationEssentials
import Glibc
import TensorFormats
import Texts

/// The keys that seal states which travel with their clients: the first seals, all open.
///
/// A sealed message is 1 byte for its form, 4 that name the key, 12 of nonce, the cipher text and 16 of the tag
/// (AES-256-GCM, NIST SP 800-38D); the first 17 are authenticated too.
public struct StateKeys: Sendable {
    private static let form: UInt8 = 1
    private static let headerBytes = 5
    private static let nonceBytes = 12
    private static let tagBytes = 16
    static let keyBytes = 32

    private let keys: [[UInt8]]
    /// Whether they are of a file, and so outlive this process.
    public let areKept: Bool

    /// A random key, which ends with this process.
    public init() {
        keys = [Self.random(Self.keyBytes)]
        areKept = false
    }

    /// At least one key of 32 bytes; nil otherwise.
    init?(_ keys: [[UInt8]]) {
        guard !keys.isEmpty, keys.allSatisfy({ $0.count == Self.keyBytes }) else { return nil }
        self.keys = keys
        areKept = true
    }

    static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // SAFETY: writes exactly the array's bytes.
        let isRandom = unsafe RAND_bytes(&bytes, Int32(count)) == 1
        precondition(isRandom, "the system has no random numbers")
        return bytes
    }

    private static func name(of key: [UInt8]) -> ArraySlice<UInt8> {
        SHA256Digest.bytes(of: key).prefix(4)
    }

    func seal(_ text: [UInt8]) -> [UInt8] {
        let header = [Self.form] + Self.name(of: keys[0])
        let nonce = Self.random(Self.nonceBytes)
        var sealed = [UInt8](repeating: 0, count: text.count + Self.tagBytes)
        // SAFETY: the key has 32 bytes, the nonce 12, and the result room for the tag.
        let isSealed = unsafe seal_bytes(
            keys[0],
            nonce,
            header,
            Int32(header.count),
            text,
            Int32(text.count),
            &sealed
        )
        precondition(isSealed == 1, "AES-256-GCM is missing")
        return header + nonce + sealed
    }

    /// What was sealed; nil for what none of the keys has sealed, or what was changed since.
    func open(_ message: [UInt8]) -> [UInt8]? {
        let start = Self.headerBytes + Self.nonceBytes
        let count = message.count - start - Self.tagBytes
        guard count >= 0, message[0] == Self.form else { return nil }
        let header = Array(message[..<Self.headerBytes])
        let nonce = Array(message[Self.headerBytes..<start])
        let sealed = Array(message[start...])
        for key in keys where Self.name(of: key).elementsEqual(header[1...]) {
            var text = [UInt8](repeating: 0, count: count)
            // SAFETY: the key has 32 bytes, the nonce 12, `sealed` 16 more than the result.
            let isOpen = unsafe open_bytes(
                key,
                nonce,
                header,
                Int32(header.count),
                sealed,
                Int32(count),
                &text
            )
            if isOpen == 1 { return text }
        }
        return nil
    }
}

/// Reads and writes the file of keys for states: `{"state_keys": ["64 hexadecimal digits", …]}`, the newest first.
public enum StateKeyFile {
    private static let mostKeys = 64

    public static func read(_ file: URL) throws(ConfigurationError) -> StateKeys {
        let keys = try PrivateFile.read(file, parse)
        guard let found = StateKeys(keys) else {
            throw .invalidFile(file: file.path, reason: "it has no key")
        }
        return found
    }

    static func parse(_ bytes: [UInt8]) throws(JSONError) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        var reader = JSONReader(bytes)
        try reader.object { (name, reader) throws(JSONError) in
            guard name == "state_keys" else {
                throw reader.unknownKey(name, known: ["state_keys"])
            }
            try reader.array { (_, reader) throws(JSONError) in
                let text = try reader.string()
                guard let key = hexadecimalBytes(text), key.count == StateKeys.keyBytes else {
                    throw reader.invalid("A state key is 64 hexadecimal digits.")
                }
                guard keys.count < mostKeys else {
                    throw reader.invalid("A file has at most \(mostKeys) state keys.")
                }
                keys.append(key)
            }
        }
        try reader.end()
        return keys
    }

    /// Adds a new key that seals from now on, and makes the file if there is none; older keys open still.
    public static func addKey(to file: URL) throws {
        let exists = FileManager.default.fileExists(atPath: file.path)
        let known = exists ? try PrivateFile.read(file, parse) : []
        let keys = [StateKeys.random(StateKeys.keyBytes)] + known.prefix(mostKeys - 1)
        let document: JSON = ["state_keys": .strings(keys.map { hexadecimal($0) })]
        try PrivateFile.write(document.text, to: file)
    }
}
