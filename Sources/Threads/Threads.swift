import CLinux
import Glibc

/// What a new thread runs.
private final class ThreadBody {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
        (self.name, self.run) = (name, run)
    }
}

/// Runs `body` on a thread of its own, which nobody waits for.
///
/// - Parameters:
///   - name: What tools show, at most 15 bytes.
///   - stackBytes: Room for its stack; the system's own size unless given.
///   - body: Runs to its end.
public func startThread(
    named name: String = "",
    stackBytes: Int = 0,
    _ body: @escaping @Sendable () -> Void
) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    if stackBytes > 0 { unsafe pthread_attr_setstacksize(&attributes, stackBytes) }
    // SAFETY: the thread takes the reference that is given away here.
    let context = unsafe Unmanaged.passRetained(ThreadBody(name, body)).toOpaque()
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread,
        &attributes,
        { context in
            guard let context = unsafe context else { return nil }
            // SAFETY: it is the reference that was given away for this.
            let body = unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
            if !body.name.isEmpty {
                unsafe clinux_name_thread(String(body.name.prefix(15)))
            }
            body.run()
            return nil
        },
        context
    )
    unsafe pthread_attr_destroy(&attributes)
    precondition(code == 0, "the system has no more threads")
}

/// Has the calling thread wait.
public func pause(seconds: Double) {
    guard seconds > 0 else { return }
    let whole = seconds.rounded(.down)
    var rest = timespec(tv_sec: Int(whole), tv_nsec: Int((seconds - whole) * 1e9))
    var left = timespec()
    while unsafe nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
}
