import CLinux
import Glibc

/// A set of descriptors whose readiness one thread waits for (epoll, level-triggered).
final class Poller: Sendable {
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32

        static let readable = Interest(rawValue: UInt32(clinux_readable))
        static let writable = Interest(rawValue: UInt32(clinux_writable))
        /// The peer has sent its last byte.
        static let peerClosed = Interest(rawValue: UInt32(clinux_peer_closed))
        /// Reported unasked: the connection was reset, or both directions have ended.
        static let broken = Interest(
            rawValue: UInt32(clinux_failed | clinux_hung_up)
        )
        /// Wakes one of the threads that wait for the same descriptor.
        static let exclusive = Interest(rawValue: UInt32(clinux_exclusive))
    }

    private let descriptor: Int32

    init() throws(HTTPError) {
        descriptor = clinux_epoll_create()
        if descriptor < 0 { throw .system(operation: "epoll_create1", errno: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Begins to watch a descriptor; returns false if the kernel refuses.
    func add(_ watched: Int32, _ interest: Interest, token: UInt64) -> Bool {
        control(clinux_epoll_add, watched, for: interest, token: token)
    }

    func modify(_ watched: Int32, _ interest: Interest, token: UInt64) {
        _ = control(clinux_epoll_modify, watched, for: interest, token: token)
    }

    func remove(_ watched: Int32) {
        _ = control(clinux_epoll_remove, watched, for: [], token: 0)
    }

    private func control(
        _ operation: Int,
        _ watched: Int32,
        for interest: Interest,
        token: UInt64
    ) -> Bool {
        clinux_epoll_control(
            descriptor,
            Int32(operation),
            watched,
            interest.rawValue,
            token
        ) == 0
    }

    /// Waits for at most `milliseconds`, -1 for ever; returns how many of `events` it filled.
    func wait(for events: inout [clinux_event], milliseconds: Int32) -> Int {
        // SAFETY: the call writes at most as many events as there is room for.
        let count = unsafe events.withUnsafeMutableBufferPointer { events in
            unsafe clinux_epoll_wait(
                descriptor,
                events.baseAddress,
                Int32(events.count),
                milliseconds
            )
        }
        return max(0, Int(count))
    }
}
