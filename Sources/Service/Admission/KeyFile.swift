public import FoundationEssentials
import Glibc
import TensorFormats
import Texts

/// Reads and writes the file of API keys.
///
/// `{"keys": [{"name": "alice", "sha256": "…", "administrator": false, "requests_per_second": 50, "burst": 100,
/// "concurrent_requests": 8}]}`; all but name and sha256 may be left out.
public enum KeyFile {
    private static let mostKeys = 10_000

    /// The keys of a file; a mistake is an error that names it.
    public static func read(_ file: URL) throws(ConfigurationError) -> [AccessKey] {
        try PrivateFile.read(file, parse)
    }

    static func parse(_ bytes: [UInt8]) throws(JSONError) -> [AccessKey] {
        var keys: [AccessKey] = []
        var reader = JSONReader(bytes)
        try reader.object { (name, reader) throws(JSONError) in
            guard name == "keys" else { throw invalid(name, "\"keys\", the only member", reader) }
            try reader.array { (_, reader) throws(JSONError) in
                let key = try entry(&reader)
                guard keys.count < mostKeys else {
                    throw invalid("keys", "a list of at most \(mostKeys)", reader)
                }
                guard !keys.contains(where: { $0.name == key.name || $0.digest == key.digest })
                else { throw invalid(key.name, "a name and a key that no other entry has", reader) }
                keys.append(key)
            }
        }
        try reader.end()
        return keys
    }

    private static func entry(_ reader: inout JSONReader) throws(JSONError) -> AccessKey {
        var (name, digest): (String?, KeyDigest?) = (nil, nil)
        var isAdministrator = false
        var (rate, burst, concurrent): (Int?, Int?, Int?) = (nil, nil, nil)
        try reader.object { (member, reader) throws(JSONError) in
            switch member {
            case "name":
                let text = try reader.string()
                guard AccessKey.isName(text) else {
                    throw invalid(member, "1 to 64 visible ASCII characters", reader)
                }
                name = text
            case "sha256":
                digest = KeyDigest(hexadecimal: try reader.string())
                if digest == nil { throw invalid(member, "64 hexadecimal digits", reader) }
            case "administrator": isAdministrator = try reader.boolean()
            case "requests_per_second": rate = try positive(member, &reader)
            case "burst": burst = try positive(member, &reader)
            case "concurrent_requests": concurrent = try positive(member, &reader)
            default:
                throw invalid(
                    member,
                    "one of name, sha256, administrator, requests_per_second, burst, concurrent_requests",
                    reader
                )
            }
        }
        guard let name, let digest else {
            throw invalid("keys", "a list of entries with name and sha256", reader)
        }
        return AccessKey(
            name: name,
            digest: digest,
            isAdministrator: isAdministrator,
            requestsPerSecond: rate,
            burst: burst,
            concurrentRequests: concurrent
        )
    }

    private static func positive(
        _ member: String,
        _ reader: inout JSONReader
    ) throws(JSONError) -> Int {
        let number = try reader.integer()
        guard (1...1_000_000).contains(number) else {
            throw invalid(member, "an integer from 1 to 1000000", reader)
        }
        return number
    }

    private static func invalid(
        _ member: String,
        _ expected: String,
        _ reader: JSONReader
    ) -> JSONError {
        .invalid(
            reason: "\(quoted(member)) must be \(expected), at \(reader.position)",
            at: reader.position
        )
    }
}

extension KeyFile {
    /// The file's text for these keys.
    public static func document(_ keys: [AccessKey]) -> [UInt8] {
        let entries = keys.map { key -> JSON in
            var members: [(String, JSON)] = [
                ("name", .string(key.name)), ("sha256", .string(key.digest.hexadecimal)),
            ]
            if key.isAdministrator { members.append(("administrator", true)) }
            if let rate = key.requestsPerSecond {
                members.append(("requests_per_second", .integer(rate)))
                members.append(("burst", .integer(key.burst)))
            }
            if let count = key.concurrentRequests {
                members.append(("concurrent_requests", .integer(count)))
            }
            return .object(members)
        }
        return JSON.object([("keys", .array(entries))]).text
    }

    /// Replaces the file as a whole.
    public static func write(_ keys: [AccessKey], to file: URL) throws {
        try PrivateFile.write(document(keys), to: file)
    }
}
