import Dispatch
import Glibc
import Service
import Telemetry

/// Reads again what can be read again: on SIGHUP all, at intervals what has changed.
final class ReloadSignal: Sendable {
    // SAFETY: sources are thread-safe; they are only kept alive here.
    private nonisolated(unsafe) let hangUp: any DispatchSourceSignal
    private nonisolated(unsafe) let timer: (any DispatchSourceTimer)?

    /// Begins to listen; `seconds` is the interval, 0 for none.
    init(_ reloads: Reloads, seconds: Int) {
        let queue = DispatchQueue(label: "striate.reload-signal")
        signal(SIGHUP, SIG_IGN)
        let hangUp = DispatchSource.makeSignalSource(signal: SIGHUP, queue: queue)
        hangUp.setEventHandler { reloads.reloadAll() }
        hangUp.resume()
        unsafe self.hangUp = hangUp
        guard seconds > 0 else {
            unsafe timer = nil
            return
        }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(
            deadline: .now() + .seconds(seconds),
            repeating: .seconds(seconds),
            leeway: .milliseconds(500)
        )
        timer.setEventHandler { reloads.reloadChanged() }
        timer.resume()
        unsafe self.timer = timer
    }

    deinit {
        unsafe hangUp.cancel()
        unsafe timer?.cancel()
    }
}
