import Dispatch
import Models
import Synchronization
import Telemetry
import Texts

/// What endpoints answer from.
///
/// One object, like a route: a call is copied more than once, and neither is to be copied with it.
final class Host: Sendable {
    let repository: ModelRepository
    let sessions: Sessions
    let tokens: StateTokens
    let joined = JoinFigures()
    let phase: ServingPhase
    /// How models want their pictures.
    let preparations = ModelMemory<PicturePreparation>()
    let digests: ModelMemory<[UInt8]>
    private let digesting = Digesting()
    private let costs = ModelMemory<JoinCosts>()

    init(
        repository: ModelRepository,
        sessions: Sessions,
        tokens: StateTokens,
        phase: ServingPhase,
        digests: ModelMemory<[UInt8]>
    ) {
        (self.repository, self.sessions, self.tokens) = (repository, sessions, tokens)
        (self.phase, self.digests) = (phase, digests)
    }
}

extension Host {
    /// What steps of the model cost alone and together.
    func joinCosts(of model: Model) -> JoinCosts {
        (try? costs.value(of: model, isFit: { _ in true }) { JoinCosts() }) ?? JoinCosts()
    }

    /// What tells a model's weights from others; made once.
    func digest(of model: Model) throws(ServiceError) -> [UInt8] {
        try digests.weights(of: model)
    }
}

extension Host {
    /// A model's digest as others write it.
    static func text(of digest: [UInt8]) -> String { "sha256:" + hexadecimal(digest) }

    /// The digests of served models that are known; those of others are made meanwhile, without anybody waiting.
    func knownDigests() -> [ModelLabel: String] {
        var known: [ModelLabel: String] = [:]
        var rest: [Model] = []
        for model in repository.models {
            if let digest = digests.known(of: model) {
                known[model.label] = Self.text(of: digest)
            } else {
                rest.append(model)
            }
        }
        guard !rest.isEmpty, !digesting.isOn.exchange(true, ordering: .relaxed) else {
            return known
        }
        let models = rest
        DispatchQueue.global(qos: .utility).async {
            for model in models { _ = try? self.digest(of: model) }
            self.digesting.isOn.store(false, ordering: .relaxed)
        }
        return known
    }
}

extension ModelMemory<[UInt8]> {
    /// What tells a model's weights from others; made once.
    func weights(of model: Model) throws(ServiceError) -> [UInt8] {
        try value(of: model, isFit: { _ in true }) { () throws(ServiceError) in
            try model.weightsDigest()
        }
    }
}

/// Whether digests are being made.
private final class Digesting: Sendable {
    let isOn = Atomic(false)
}

/// Whether the server is about to end.
final class ServingPhase: Sendable {
    private let isDrainingFlag = Atomic(false)
    private let isRefusingFlag = Atomic(false)

    /// Health checks fail, so that clients go elsewhere.
    var isDraining: Bool {
        get { isDrainingFlag.load(ordering: .relaxed) }
        set { isDrainingFlag.store(newValue, ordering: .relaxed) }
    }

    /// Requests are refused that have not begun.
    var isRefusing: Bool {
        get { isRefusingFlag.load(ordering: .relaxed) }
        set { isRefusingFlag.store(newValue, ordering: .relaxed) }
    }
}
