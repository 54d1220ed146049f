import FoundationEssentials
import Models
import Synchronization
import Texts

/// The models that stored sessions go on with: those that are served, and for a while those that were.
final class StoredModels: Sendable {
    private struct Known {
        let model: Model
        var replacedAt: Date?
    }

    private let known = Mutex<[String: Known]>([:])
    private let repository: ModelRepository
    private let digestOf: @Sendable (Model) throws(ServiceError) -> [UInt8]
    private let drainSeconds: Int

    init(
        _ repository: ModelRepository,
        digest: @escaping @Sendable (Model) throws(ServiceError) -> [UInt8],
        drainSeconds: Int
    ) {
        (self.repository, digestOf, self.drainSeconds) = (repository, digest, drainSeconds)
    }

    /// Of a model's weights; the model can be found by it from now on.
    func digest(of model: Model) throws(ServiceError) -> [UInt8] {
        let digest = try digestOf(model)
        known.withLock { known in
            let key = Self.key(model.name, digest)
            if known[key]?.model !== model { known[key] = Known(model: model) }
        }
        return digest
    }

    /// The model of this name and these weights, best of this version; nil if there is none here.
    func model(named name: String, version: String, digest: [UInt8]) -> Model? {
        let others = repository.versions(of: name).filter { $0 != version }
        for version in [version] + others {
            if let model = repository.model(named: name, version: version),
                (try? self.digest(of: model)) == digest
            {
                return model
            }
        }
        return known.withLock { $0[Self.key(name, digest)]?.model }
    }

    /// Lets go of models that are no longer served, after the time for that.
    func sweep(_ isServed: (Model) -> Bool) {
        let (now, seconds) = (Date(), Double(drainSeconds))
        known.withLock { known in
            for (key, one) in known {
                if isServed(one.model) {
                    known[key]?.replacedAt = nil
                } else if now.timeIntervalSince(one.replacedAt ?? now) >= seconds {
                    known[key] = nil
                } else {
                    known[key]?.replacedAt = one.replacedAt ?? now
                }
            }
        }
    }

    private static func key(_ name: String, _ digest: [UInt8]) -> String {
        "\(name) \(hexadecimal(digest))"
    }
}
