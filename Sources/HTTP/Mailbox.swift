import CLinux
import Glibc
import Synchronization

/// What other threads have for an event loop.
///
/// The loop waits on `descriptor`, which is written only by the poster that finds the box empty.
final class Mailbox: Sendable {
    enum Letter: Sendable {
        case answer(ConnectionToken, Exchange.Reply)
        /// The stream of a connection has something new.
        case pieces(ConnectionToken)
        /// The handler of a WebSocket asks for the next message.
        case socketReady(ConnectionToken)
        /// The handler let go of the request without answering.
        case noAnswer(ConnectionToken)
        /// A socket accepted for this loop, and the index of the listener it came to.
        case connection(Int32, listener: Int)
        /// An idle connection is to be closed for a newcomer of another loop.
        case makeRoom
        case drain
        case stop
    }

    private struct Contents {
        var letters: [Letter] = []
        var isClosed = false
    }

    /// Readable while there are letters.
    let descriptor: Int32
    private let contents = Mutex(Contents())

    init() throws(HTTPError) {
        descriptor = clinux_eventfd()
        if descriptor < 0 { throw .system(operation: "eventfd", errno: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// Leaves a letter; returns false if nobody will read it.
    @discardableResult
    func post(_ letter: Letter) -> Bool {
        let (isAccepted, isFirst) = contents.withLock { contents in
            if contents.isClosed { return (false, false) }
            contents.letters.append(letter)
            return (true, contents.letters.count == 1)
        }
        if isFirst { clinux_eventfd_signal(descriptor) }
        return isAccepted
    }

    /// Exchanges the letters for `empty`, whose memory is used again.
    func collect(into empty: inout [Letter]) {
        // In this order no letter is left without a signal.
        clinux_eventfd_clear(descriptor)
        contents.withLock { swap(&$0.letters, &empty) }
    }

    /// Refuses further letters, unless some have come.
    func closeIfEmpty() -> Bool {
        contents.withLock { contents in
            contents.isClosed = contents.letters.isEmpty
            return contents.isClosed
        }
    }

    /// Refuses further letters and returns the last ones.
    func closeForGood() -> [Letter] {
        contents.withLock { contents in
            contents.isClosed = true
            defer { contents.letters = [] }
            return contents.letters
        }
    }
}

/// Names a connection of a loop; a descriptor used again has another generation.
struct ConnectionToken: Hashable, Sendable {
    let descriptor: Int32
    let generation: UInt32

    init(descriptor: Int32, generation: UInt32) {
        self.descriptor = descriptor
        self.generation = generation
    }

    init(_ bits: UInt64) {
        descriptor = Int32(truncatingIfNeeded: bits)
        generation = UInt32(truncatingIfNeeded: bits >> 32)
    }

    var bits: UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
    }
}
