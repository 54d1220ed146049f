import Models
import Synchronization

/// What endpoints answer from.
struct Host: Sendable {
    let repository: ModelRepository
    let sessions: Sessions
    let tokens: StateTokens
    let joined = JoinFigures()
    let phase: ServingPhase
    /// How models want their pictures.
    let preparations = ModelMemory<PicturePreparation>()
    let digests: ModelMemory<[UInt8]>
    private let costs = ModelMemory<JoinCosts>()
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

extension ModelMemory<[UInt8]> {
    /// What tells a model's weights from others; made once.
    func weights(of model: Model) throws(ServiceError) -> [UInt8] {
        try value(of: model, isFit: { _ in true }) { () throws(ServiceError) in
            try model.weightsDigest()
        }
    }
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
