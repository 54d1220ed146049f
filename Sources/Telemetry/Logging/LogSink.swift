import Dispatch
import Glibc
import Synchronization

/// Writes log lines to a file descriptor from a queue, so that nobody waits for a slow terminal.
///
/// Lines that come while a write is under way go out together. When the reader has stopped and the buffer
/// is full, lines are dropped and counted.
public final class LogSink: Sendable {
    private static let capacity = 1 << 20

    /// Lines that come within this time go out together: writing each alone takes as long as answering a small request.
    private static let pause = DispatchTimeInterval.milliseconds(5)

    private struct State {
        var pending: [UInt8] = []
        var dropped = 0
        var isScheduled = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "striate.log")
    private let descriptor: Int32

    public init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Whether a person reads the lines.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    func write(_ line: [UInt8]) {
        let mustSchedule = state.withLock { state in
            guard state.pending.count + line.count <= Self.capacity else {
                state.dropped += 1
                return false
            }
            state.pending += line
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { schedule() }
    }

    /// Returns when every line is written.
    public func flush() {
        queue.sync { while writePending() {} }
    }

    private func schedule() {
        queue.asyncAfter(deadline: .now() + Self.pause) {
            if self.writePending() { self.schedule() }
        }
    }

    /// Writes what there is; false if that was nothing, and so nothing is scheduled any more.
    private func writePending() -> Bool {
        let (bytes, dropped) = state.withLock { state in
            let taken = (state.pending, state.dropped)
            (state.pending, state.dropped) = ([], 0)
            if taken.0.isEmpty { state.isScheduled = false }
            return taken
        }
        if bytes.isEmpty { return false }
        send(bytes)
        if dropped > 0 { send(Array("… \(dropped) log lines were dropped\n".utf8)) }
        return true
    }

    private func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            // SAFETY: write(2) only reads, and the pointer does not leave the closure.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(
                    descriptor,
                    buffer.baseAddress?.advanced(by: sent),
                    buffer.count - sent
                )
            }
            if count > 0 {
                sent += count
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
