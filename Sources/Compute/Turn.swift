import CPUFeatures
import Synchronization

/// Between two pieces of work, on any thread: others need not wait until all of it is done.
///
/// A thread that works alone lets those who serve run first; one that computes in a `Turn` may lose it here for a
/// while. So it must not hold a lock that others need to go on.
public func giveWay() {
    striate_give_way()
    Turn.ofThread { $0.poll() }
}

/// How many wait for a turn and how many have one: all that those who compute have to look at.
public final class Waiters: Sendable {
    private let waiting = Atomic<Int>(0)
    private let computing = Atomic<Int>(0)

    public init() {}

    public var count: Int {
        get { waiting.load(ordering: .relaxed) }
        set { waiting.store(newValue, ordering: .relaxed) }
    }

    /// Those who wait and those who compute.
    var all: Int { count + computing.load(ordering: .relaxed) }

    fileprivate func begin() { computing.add(1, ordering: .relaxed) }
    fileprivate func end() { computing.subtract(1, ordering: .relaxed) }
}

/// What a turn's owner borrowed and returns while others have the turn.
protocol Borrowing: AnyObject {
    func giveBack()
    func borrowAgain()
}

/// A thread's permission to compute: given up for others between two pieces of work, and got back later.
///
/// It belongs to one thread, and so does everything here.
public final class Turn {
    /// Polls after which the owner is asked even if nobody waits: how long it has computed may matter.
    private static let longestSilence = 16

    let waiters: Waiters
    private let ask: (Turn) -> Void
    private var polls = 0
    private var start: UInt64 = 0
    private var borrower: (any Borrowing)?

    /// Whether it has computed for as long as it may: whatever polls for an end is told to end.
    public var isSpent = false
    /// Seconds of it that others are charged who were computed along.
    private var sharedSeconds = 0.0
    /// Nanoseconds for which others had this turn's place.
    public private(set) var pausedNanoseconds: UInt64 = 0

    /// `ask` is called between two pieces of work while others wait, and else now and then; it may call `pause`.
    public init(_ waiters: Waiters, ask: @escaping (Turn) -> Void) {
        self.waiters = waiters
        self.ask = ask
    }

    /// Runs a job of the calling thread in this turn.
    public func run<Result>(_ job: () -> Result) -> Result {
        isSpent = false
        pausedNanoseconds = 0
        sharedSeconds = 0
        start = monotonicNanoseconds()
        // SAFETY: the thread forgets the address before this object can go.
        unsafe striate_set_turn(Unmanaged.passUnretained(self).toOpaque())
        waiters.begin()
        defer {
            waiters.end()
            striate_set_turn(nil)
        }
        return job()
    }

    /// Waits, by `wait`, until it is this thread's turn again; what it borrowed is free meanwhile.
    public func pause(_ wait: () -> Void) {
        let start = monotonicNanoseconds()
        let borrower = borrower
        borrower?.giveBack()
        waiters.end()
        wait()
        waiters.begin()
        borrower?.borrowAgain()
        pausedNanoseconds += monotonicNanoseconds() - start
    }

    fileprivate func poll() {
        polls &+= 1
        guard waiters.count > 0 || polls % Self.longestSilence == 0 else { return }
        ask(self)
    }

    /// Seconds that its job has computed so far, without the shares of those that were computed along.
    public var computedSeconds: Double {
        Double(monotonicNanoseconds() - start - pausedNanoseconds) * 1e-9 - sharedSeconds
    }

    /// Charges so many of the calling thread's seconds to others that were computed along.
    public static func share(seconds: Double) { ofThread { $0.sharedSeconds += seconds } }

    /// The calling thread's `computedSeconds`, 0 without a turn.
    public static var computedSeconds: Double { ofThread(\.computedSeconds) ?? 0 }

    /// Whether the calling thread's turn is spent.
    public static var isSpent: Bool { ofThread(\.isSpent) ?? false }

    /// The calling thread's `pausedNanoseconds`, 0 without a turn.
    public static var pausedNanoseconds: UInt64 { ofThread(\.pausedNanoseconds) ?? 0 }

    /// Has `borrower` give back what it borrowed, whenever the calling thread's turn pauses during `work`.
    static func lending<Result>(_ borrower: any Borrowing, _ work: () -> Result) -> Result {
        ofThread { $0.borrower = borrower }
        defer { ofThread { $0.borrower = nil } }
        return work()
    }

    @discardableResult
    static func ofThread<Result>(_ body: (Turn) -> Result) -> Result? {
        guard let address = unsafe striate_turn() else { return nil }
        // SAFETY: `run` set it, whose caller keeps the turn until it has returned.
        return unsafe Unmanaged<Turn>.fromOpaque(address)._withUnsafeGuaranteedRef(body)
    }
}
