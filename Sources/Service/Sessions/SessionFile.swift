import FoundationEssentials
import Glibc
import HTTP
import Models
import Synchronization
import Telemetry

/// The sessions of a server that ends, for the next start: a file that only its owner may read.
struct SessionFile {
    private static let mark = "striate sessions 1"

    struct Entry {
        let name: SessionName
        let client: ClientIdentity
        /// When it expires.
        let end: Date
        let stored: StoredSession
    }

    var entries: [Entry]

    init(_ entries: [Entry]) {
        self.entries = entries
    }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.text(Self.mark)
        writer.number(entries.count)
        for entry in entries {
            writer.owner(entry.name.owner)
            writer.client(entry.client)
            writer.number(entry.name.model == nil ? 0 : 1)
            if let model = entry.name.model {
                writer.text(model.name)
                writer.text(model.version)
            }
            writer.text(entry.name.id)
            writer.number(Int(entry.end.timeIntervalSince1970 * 1000))
            writer.list(entry.stored.bytes)
        }
        return writer.bytes
    }

    /// Nil for bytes that are none.
    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.text() == Self.mark, let count = reader.number(), count >= 0 else {
            return nil
        }
        entries = []
        for _ in 0..<count {
            guard let entry = reader.entry() else { return nil }
            entries.append(entry)
        }
        guard reader.isAtEnd else { return nil }
    }
}

extension ByteWriter {
    fileprivate mutating func owner(_ owner: SessionName.Owner) {
        switch owner {
        case .everyone: number(0)
        case .key(let name):
            number(1)
            text(name)
        case .network(let identity):
            number(2)
            client(identity)
        }
    }

    fileprivate mutating func client(_ client: ClientIdentity) {
        switch client {
        case .unknown: number(0)
        case .key(let name):
            number(1)
            text(name)
        case .network(let address):
            number(2)
            list(address.bytes)
        }
    }
}

extension ByteReader {
    fileprivate mutating func entry() -> SessionFile.Entry? {
        guard let owner = owner(), let client = client(), let hasModel = number() else {
            return nil
        }
        var model: ModelLabel?
        if hasModel == 1 {
            guard let name = text(), let version = text() else { return nil }
            model = ModelLabel(name: name, version: version)
        }
        guard let id = text(), let end = number(), let bytes = list(),
            let stored = StoredSession(bytes)
        else { return nil }
        return SessionFile.Entry(
            name: SessionName(owner: owner, model: model, id: id),
            client: client,
            end: Date(timeIntervalSince1970: Double(end) / 1000),
            stored: stored
        )
    }

    private mutating func owner() -> SessionName.Owner? {
        switch number() {
        case 0: .everyone
        case 1: text().map { .key($0) }
        case 2: client().map { .network($0) }
        default: nil
        }
    }

    private mutating func client() -> ClientIdentity? {
        switch number() {
        case 0: .unknown
        case 1: text().map { .key($0) }
        case 2: list().flatMap(PeerAddress.init(bytes:)).map { .network($0) }
        default: nil
        }
    }
}

extension Sessions {
    /// Writes what is held here; returns how many.
    func write(to file: URL, _ models: StoredModels) throws -> Int {
        let now = now
        let entries = try table.withLock { $0.everything(at: now) }.map { held, ttl, client in
            let digest = try models.digest(of: held.session.model)
            return SessionFile.Entry(
                name: held.name,
                client: client,
                end: Date(timeIntervalSinceNow: held.rest),
                stored: StoredSession(held.session, digest: digest, ttl: ttl)
            )
        }
        try PrivateFile.write(SessionFile(entries).bytes, to: file)
        return entries.count
    }

    /// Takes what a server before wrote, and removes the file: how many go on, and how many cannot.
    func read(
        from file: URL,
        _ models: StoredModels
    ) throws(ConfigurationError) -> (taken: Int, lost: Int) {
        guard let data = try? Data(contentsOf: file), let read = SessionFile([UInt8](data)) else {
            throw .invalidFile(file: file.path, reason: "it holds no sessions")
        }
        startTimer()
        var taken = 0
        let now = now
        for entry in read.entries {
            let rest = entry.end.timeIntervalSinceNow
            guard rest > 0, let session = entry.stored.held(by: models) else { continue }
            let isTaken: ()? = try? table.withLock { (table) throws(SessionFault) in
                try table.install(
                    entry.name,
                    session,
                    ttl: Double(entry.stored.ttl),
                    rest: rest,
                    of: entry.client,
                    at: now
                )
            }
            if isTaken != nil { taken += 1 }
        }
        try? FileManager.default.removeItem(at: file)
        return (taken, read.entries.count - taken)
    }
}
