import Dispatch
import Glibc
import Synchronization

/// Waits for SIGTERM or SIGINT; a second one ends the process at once.
final class EndingSignals: Sendable {
    private let first = Mutex<String?>(nil)
    private let arrived = DispatchSemaphore(value: 0)
    // SAFETY: sources are thread-safe; they are only kept alive here.
    private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

    init() {
        // A client that goes away must not end the server.
        signal(SIGPIPE, SIG_IGN)
        for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(
                signal: number,
                queue: .global()
            )
            source.setEventHandler { [weak self] in self?.receive(name, number) }
            source.resume()
            unsafe sources.append(source)
        }
    }

    /// Returns the first signal's name.
    func wait() -> String {
        arrived.wait()
        return first.withLock { $0 } ?? ""
    }

    private func receive(_ name: String, _ number: Int32) {
        let isFirst = first.withLock { first in
            defer { first = first ?? name }
            return first == nil
        }
        if isFirst {
            arrived.signal()
        } else {
            exit(128 + number)
        }
    }
}
