import Models
import TensorFormats

/// A session as other servers and later processes read it.
struct StoredSession {
    let model: String
    let version: String
    /// Of the model's weights.
    let digest: [UInt8]
    /// Seconds that it lives unused.
    let ttl: Int
    let carried: CarriedState
    let kept: KeptAnswer?
    /// Who began it.
    let begunBy: String

    init(_ session: HeldSession, digest: [UInt8], ttl: Int) {
        (model, version) = (session.model.name, session.model.version)
        (self.digest, self.ttl) = (digest, ttl)
        (carried, kept, begunBy) = (session.carried, session.kept, session.begunBy)
    }

    /// The session, where its model is served here; nil where none of its weights is.
    func held(by models: StoredModels) -> HeldSession? {
        guard let model = models.model(named: model, version: version, digest: digest),
            model.takes(carried.state)
        else { return nil }
        var session = HeldSession(model: model, carried: carried)
        (session.kept, session.begunBy) = (kept, begunBy)
        return session
    }

    private static let form = 1

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.number(Self.form)
        writer.text(model)
        writer.text(version)
        writer.list(digest)
        writer.number(ttl)
        writer.text(begunBy)
        writer.carried(carried)
        writer.number(kept == nil ? 0 : 1)
        guard let kept else { return writer.bytes }
        writer.number(kept.position)
        writer.list(kept.request)
        writer.text(kept.contentType)
        writer.list(kept.body)
        writer.number(kept.headers.count)
        for (name, value) in kept.headers {
            writer.text(name)
            writer.text(value)
        }
        return writer.bytes
    }

    /// Nil for bytes that are none.
    init?(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.number() == Self.form, let model = reader.text(),
            let version = reader.text(), let digest = reader.list(), let ttl = reader.number(),
            (1...Configuration.longestSession).contains(ttl), let begunBy = reader.text(),
            let carried = reader.carried(), let isKept = reader.number()
        else { return nil }
        var kept: KeptAnswer?
        if isKept == 1 {
            guard let position = reader.number(), let request = reader.list(),
                let contentType = reader.text(), let body = reader.list(),
                let count = reader.number(), (0...1024).contains(count)
            else { return nil }
            var headers: [(String, String)] = []
            for _ in 0..<count {
                guard let name = reader.text(), let value = reader.text() else { return nil }
                headers.append((name, value))
            }
            kept = KeptAnswer(
                position: position,
                request: request,
                contentType: contentType,
                body: body,
                headers: headers
            )
        }
        guard reader.isAtEnd else { return nil }
        (self.model, self.version, self.digest, self.ttl) = (model, version, digest, ttl)
        (self.carried, self.kept, self.begunBy) = (carried, kept, begunBy)
    }
}
