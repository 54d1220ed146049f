import FoundationEssentials
import Glibc
import Synchronization

/// A bar on standard error while a person watches; nothing otherwise.
final class ProgressBar: Sendable {
    private static let width = 40
    private let total: Int
    private let isWatched = isatty(STDERR_FILENO) == 1
    /// The hundredths shown last.
    private let shown = Mutex(-1)

    init(total: Int) {
        self.total = max(1, total)
    }

    /// Draws the bar when it has grown; may be called from any thread.
    func show(_ done: Int) {
        guard isWatched else { return }
        let hundredths = min(100, done * 100 / total)
        shown.withLock { shown in
            guard hundredths > shown else { return }
            shown = hundredths
            let filled = hundredths * Self.width / 100
            let bar =
                String(repeating: "█", count: filled)
                + String(repeating: "░", count: Self.width - filled)
            Self.write("\r\(bar) \(hundredths) %")
        }
    }

    /// Wipes the bar.
    func finish() {
        guard isWatched else { return }
        Self.write("\r" + String(repeating: " ", count: Self.width + 7) + "\r")
    }

    private static func write(_ text: String) {
        writeError(text)
    }
}
