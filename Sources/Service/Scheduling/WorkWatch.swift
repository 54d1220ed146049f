import Compute
import Telemetry

/// The time that a thread works, pauses of its turn not counted.
struct WorkWatch {
    private let start = ContinuousClock.now
    private let paused = Turn.pausedNanoseconds

    var seconds: Double {
        let pauses = Double(Turn.pausedNanoseconds - paused) * 1e-9
        return max(0, (ContinuousClock.now - start).seconds - pauses)
    }
}
