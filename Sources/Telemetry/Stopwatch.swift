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

    /// Nanoseconds of each phase.
    private var spent = InlineArray<4, Int64>(repeating: 0)
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
        let pause = Int64(pausedNow > paused ? pausedNow - paused : 0)
        spent[phase.rawValue] += (now - entered).nanoseconds - pause
        spent[Phase.queue.rawValue] += pause
        paused = pausedNow
        phase = next
        entered = now
    }

    public func duration(of phase: Phase) -> Duration {
        .nanoseconds(spent[phase.rawValue])
    }

    /// Where the time went, in the order it went there.
    var phases: [(name: String, duration: Duration)] {
        [("queue", .queue), ("decode", .decode), ("compute", .compute), ("encode", .encode)].map {
            (name: String, phase: Phase) in (name, duration(of: phase))
        }
    }

    /// The field's value, like `decode;dur=0.041, queue;dur=0.002` in milliseconds.
    public var serverTiming: String {
        var text: [UInt8] = []
        text.reserveCapacity(96)
        let order: [(StaticString, Phase)] = [
            ("decode;dur=", .decode), (", queue;dur=", .queue), (", compute;dur=", .compute),
            (", encode;dur=", .encode),
        ]
        for (name, phase) in order {
            name.withUTF8Buffer { unsafe text.append(contentsOf: $0) }
            Self.append(microseconds: max(0, spent[phase.rawValue] / 1000), to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Milliseconds with three digits after the point.
    private static func append(microseconds: Int64, to text: inout [UInt8]) {
        var (digits, rest) = (1, microseconds / 10)
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        var divisor: Int64 = 1
        for _ in 1..<max(digits, 4) { divisor *= 10 }
        while divisor > 0 {
            if divisor == 100 { text.append(UInt8(ascii: ".")) }
            text.append(UInt8(ascii: "0") + UInt8(microseconds / divisor % 10))
            divisor /= 10
        }
    }
}
