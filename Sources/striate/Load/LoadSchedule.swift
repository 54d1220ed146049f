import Glibc
import Service
import Synchronization

/// When requests are due: at a steady rate, or at random with that mean, whatever became of those before.
///
/// So a server that stalls is charged with all that would have come meanwhile (no coordinated omission: G. Tene, wrk2).
final class LoadSchedule: Sendable {
    enum Arrivals: String, CaseIterable {
        case even, poisson
    }

    private struct State {
        var next = 0.0
        var count = 0
        var random: SplitMix
    }

    private let state: Mutex<State>
    private let start: ContinuousClock.Instant
    private let rate: Double
    private let seconds: Double
    private let arrivals: Arrivals

    init(rate: Double, seconds: Double, arrivals: Arrivals, seed: UInt64) {
        state = Mutex(State(random: SplitMix(seed: seed)))
        start = .now + .milliseconds(20)
        (self.rate, self.seconds, self.arrivals) = (rate, seconds, arrivals)
    }

    /// When the next request is due; nil after the last, and once the time is over.
    func next() -> ContinuousClock.Instant? {
        // What was due and found no connection until then is left.
        guard ContinuousClock.now < start + .seconds(seconds + 1) else { return nil }
        let due = state.withLock { advance(&$0) }
        return due < seconds ? start + .seconds(due) : nil
    }

    /// Those that were due and never sent, once nobody takes any more.
    func left() -> Int {
        state.withLock { state in
            var count = 0
            while advance(&state) < seconds { count += 1 }
            return count
        }
    }

    private func advance(_ state: inout State) -> Double {
        let due = state.next
        switch arrivals {
        case .even:
            // Not a sum: its last digits would tell whether there is one more.
            state.count += 1
            state.next = Double(state.count) / rate
        case .poisson: state.next -= log(1 - state.random.fraction()) / rate
        }
        return due
    }

    /// Seconds since the first was due, and no fewer than there are to be.
    var elapsed: Double { max(seconds, (ContinuousClock.now - start) / .seconds(1)) }
}
