import Synchronization

/// Bytes that computing takes in a whole process, counted before they are taken.
///
/// A Swift array that finds no memory ends the process; what is counted here first is refused instead.
public final class MemoryLedger: Sendable {
    public let limit: Int
    private let reserved = Atomic<Int>(0)

    public init(limit: Int = .max) {
        self.limit = max(0, limit)
    }

    /// Bytes that are taken or promised now.
    public var reservedBytes: Int { reserved.load(ordering: .relaxed) }

    /// Promises `bytes`, or returns false where the limit leaves no room for them.
    public func reserve(_ bytes: Int) -> Bool {
        guard bytes >= 0, bytes <= limit else { return false }
        let before = reserved.add(bytes, ordering: .relaxed).oldValue
        guard before > limit - bytes else { return true }
        reserved.subtract(bytes, ordering: .relaxed)
        return false
    }

    public func release(_ bytes: Int) {
        reserved.subtract(bytes, ordering: .relaxed)
    }
}
