import Compute

/// Where a request's time went: reported to the client in Server-Timing.
public struct Stopwatch: Sendable {
    public enum Phase: Int, Sendable, CaseIterable {
        /// Waiting for a core.
        case queue
        case decode
        case compute
        case encode
    }

    private var durations = [Duration](repeating: .zero, count: Phase.allCases.count)
    private var phase: Phase
    private var entered: ContinuousClock.Instant
    /// What the thread's turn had paused by then.
    private var paused: UInt64

    /// Begins with the queue.
    public init(since arrival: ContinuousClock.Instant) {
        phase = .queue
        entered = arrival
        paused = Turn.pausedNanoseconds
    }

    /// Ends the current phase and begins another; the time in which others had the core counts as waiting.
    public mutating func enter(_ next: Phase) {
        let now = ContinuousClock.now
        let pausedNow = Turn.pausedNanoseconds
        let pause = Duration.nanoseconds(pausedNow > paused ? pausedNow - paused : 0)
        durations[phase.rawValue] += now - entered - pause
        durations[Phase.queue.rawValue] += pause
        paused = pausedNow
        phase = next
        entered = now
    }

    public func duration(of phase: Phase) -> Duration {
        durations[phase.rawValue]
    }

    /// Where the time went, in the order it went there.
    var phases: [(name: String, duration: Duration)] {
        [("queue", .queue), ("decode", .decode), ("compute", .compute), ("encode", .encode)].map {
            (name: String, phase: Phase) in (name, duration(of: phase))
        }
    }

    /// The field's value, like `decode;dur=0.041, queue;dur=0.002` in milliseconds.
    public var serverTiming: String {
        let order: [(String, Phase)] = [
            ("decode", .decode), ("queue", .queue), ("compute", .compute), ("encode", .encode),
        ]
        var text = ""
        for (name, phase) in order {
            if !text.isEmpty { text += ", " }
            text += name
            text += ";dur="
            text += milliseconds(duration(of: phase))
        }
        return text
    }

    /// Milliseconds with three digits after the point.
    private func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let microseconds = max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        var text = String(microseconds / 1000)
        text += "."
        // The digit in front keeps zeros.
        text += String(1000 + microseconds % 1000).dropFirst()
        return text
    }
}
