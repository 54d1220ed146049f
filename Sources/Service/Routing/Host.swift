import Models
import Synchronization

/// What endpoints answer from.
struct Host: Sendable {
    let repository: ModelRepository
    let sequences: SequenceStates
    let phase: ServingPhase
    /// How models want their pictures.
    let preparations = ModelMemory<PicturePreparation>()
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
