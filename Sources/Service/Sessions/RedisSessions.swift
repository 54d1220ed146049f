import Texts
import Glibc
import Models
import Redis
import Synchronization
import Telemetry

/// Sessions in Redis or Valkey: a hash each, of its version (`v`), its bytes (`s`) and the seconds it lives unused (`t`).
///
/// It stays twice as long, so that clients are told that it expired. Scripts have one key, as clusters ask for.
struct RedisSessions: SessionStore {
    private let client: RedisClient

    init(_ client: RedisClient) {
        self.client = client
    }

    /// As configured; nil where nothing is shared.
    init?(_ configuration: Configuration) {
        guard let address = RedisAddress(configuration.sessionStore) else { return nil }
        client = RedisClient(
            address,
            connections: configuration.sessionStoreConnections,
            milliseconds: configuration.sessionStoreMilliseconds
        )
    }

    /// Nobody has changed it since it was read, or this very change was made.
    private static let putScript = """
        local v = redis.call('HGET', KEYS[1], 'v') or ''
        if v == ARGV[2] then return 1 end
        if v ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'v', ARGV[2], 's', ARGV[3], 't', ARGV[4])
        redis.call('EXPIRE', KEYS[1], 2 * ARGV[4])
        return 1
        """

    private static let removeScript = """
        local v = redis.call('HGET', KEYS[1], 'v') or ''
        if v == '' then return 1 end
        if v ~= ARGV[1] then return 0 end
        redis.call('DEL', KEYS[1])
        return 1
        """

    func read(_ names: [SessionName], _ done: @escaping StoreDone<[StoredRecord?]>) {
        let all = Gathered(names.count, done)
        for (place, name) in names.enumerated() {
            let key = name.storeKey
            let commands = [["HMGET", key, "v", "s", "t"], ["PTTL", key]].map(Self.bytes)
            client.run(commands, key: Array(key.utf8)) { answer in
                all.put(
                    answer.mapError { StoreFault(reason: $0.reason) }.map(Self.record),
                    at: place
                )
            }
        }
    }

    private static func bytes(_ command: [String]) -> [[UInt8]] { command.map { Array($0.utf8) } }

    /// What HMGET and PTTL tell; nil for what is not there, or is no session.
    private static func record(_ replies: [RedisReply]) -> StoredRecord? {
        guard replies.count == 2, case .array(let fields) = replies[0], fields.count == 3,
            case .bytes(let version) = fields[0], case .bytes(let bytes) = fields[1],
            case .bytes(let ttl) = fields[2], case .integer(let left) = replies[1],
            let seconds = Double(String(decoding: ttl, as: UTF8.self))
        else { return nil }
        return StoredRecord(
            version: String(decoding: version, as: UTF8.self),
            bytes: bytes,
            rest: Double(left) / 1000 - seconds
        )
    }

    func write(_ changes: [StoreChange], _ done: @escaping StoreDone<[Bool]>) {
        let all = Gathered(changes.count, done)
        for (place, change) in changes.enumerated() {
            let key = Array(change.name.storeKey.utf8)
            var command = Self.bytes([
                "EVAL", change.content == nil ? Self.removeScript : Self.putScript, "1",
            ])
            command.append(key)
            command.append(Array((change.expected ?? "").utf8))
            if let content = change.content {
                command += [
                    Array(content.version.utf8), content.bytes, Array(String(content.ttl).utf8),
                ]
            }
            client.run([command], key: key) { answer in
                let isMade = answer.map { $0.first == .integer(1) }
                all.put(isMade.mapError { StoreFault(reason: $0.reason) }, at: place)
            }
        }
    }

    // MARK: Listing

    /// Steps of a listing: each looks at some thousand keys.
    private static let mostScans = 64

    func list(
        _ owner: SessionName.Owner?,
        most: Int,
        _ done: @escaping StoreDone<(names: [SessionName], isWhole: Bool)>
    ) {
        scan(Self.pattern(owner), cursor: "0", names: [], most: most, scans: 0, done)
    }

    private static func pattern(_ owner: SessionName.Owner?) -> String {
        guard let owner else { return SessionName.storePrefix + "*" }
        // What Redis takes for a pattern stands for itself.
        let text = SessionName.storePrefix(of: owner)
        return text.map { "*?[]\\^".contains($0) ? "\\\($0)" : String($0) }.joined() + "*"
    }

    private func scan(
        _ pattern: String,
        cursor: String,
        names: [SessionName],
        most: Int,
        scans: Int,
        _ done: @escaping StoreDone<(names: [SessionName], isWhole: Bool)>
    ) {
        let command = Self.bytes(["SCAN", cursor, "MATCH", pattern, "COUNT", "2000"])
        client.run([command], key: []) { answer in
            switch answer {
            case .failure(let fault): done(.failure(StoreFault(reason: fault.reason)))
            case .success(let replies):
                guard case .array(let parts)? = replies.first, parts.count == 2,
                    case .bytes(let next) = parts[0], case .array(let keys) = parts[1]
                else {
                    done(.failure(StoreFault(reason: "its listing could not be read")))
                    return
                }
                var found = names
                for case .bytes(let key) in keys {
                    SessionName(storeKey: String(decoding: key, as: UTF8.self)).map {
                        found.append($0)
                    }
                }
                let cursor = String(decoding: next, as: UTF8.self)
                let isWhole = cursor == "0"
                if isWhole || found.count > most || scans >= Self.mostScans {
                    done(.success((Array(found.prefix(most)), isWhole && found.count <= most)))
                } else {
                    scan(pattern, cursor: cursor, names: found, most: most, scans: scans + 1, done)
                }
            }
        }
    }
}

extension SessionName {
    static let storePrefix = "striate:session:"

    fileprivate static func storePrefix(of owner: Owner) -> String {
        switch owner {
        case .everyone: storePrefix + "everyone:"
        case .key(let name): storePrefix + "key:\(escaped(name)):"
        case .network(let client): storePrefix + "network:\(escaped("\(client)")):"
        }
    }

    /// Without a colon, which stands between the parts of a key.
    private static func escaped(_ part: String) -> String {
        part.replacing("%", with: "%25").replacing(":", with: "%3A")
    }

    /// What it is called in a store that servers share.
    var storeKey: String {
        let id = Self.escaped(id)
        guard let model else { return Self.storePrefix(of: owner) + id }
        let place = Self.storePrefix(of: owner).dropFirst(Self.storePrefix.count)
        return "striate:sequence:\(place)\(model.name):\(Self.escaped(model.version)):\(id)"
    }

    /// A session's, of `storeKey`; nil for any other text.
    fileprivate init?(storeKey key: String) {
        guard key.hasPrefix(Self.storePrefix), let end = key.lastIndex(of: ":") else { return nil }
        let id = String(key[key.index(after: end)...])
        let owner = key[..<end].dropFirst(Self.storePrefix.count)
        if owner == "everyone" {
            self.init(id, of: nil)
        } else if owner.hasPrefix("key:"),
            let name = percentDecoded(owner.dropFirst(4))
        {
            self.init(id, of: name)
        } else {
            return nil
        }
    }
}

/// Answers that come one by one, handed on once all are there, or with the first that failed.
private final class Gathered<Value: Sendable>: Sendable {
    private struct State {
        var values: [Int: Value] = [:]
        var fault: StoreFault?
        var missing: Int
    }

    private let state: Mutex<State>
    private let done: @Sendable (Result<[Value], StoreFault>) -> Void

    init(_ count: Int, _ done: @escaping @Sendable (Result<[Value], StoreFault>) -> Void) {
        state = Mutex(State(missing: count))
        self.done = done
    }

    func put(_ answer: Result<Value, StoreFault>, at place: Int) {
        let whole: Result<[Value], StoreFault>? = state.withLock { state in
            switch answer {
            case .success(let value): state.values[place] = value
            case .failure(let fault): state.fault = state.fault ?? fault
            }
            state.missing -= 1
            guard state.missing == 0 else { return nil }
            if let fault = state.fault { return .failure(fault) }
            return .success(state.values.sorted { $0.key < $1.key }.map(\.value))
        }
        whole.map(done)
    }
}
