/// The memory of a pass as one chunk sees it: the shared values, and which worker's own part is at hand.
public struct PassArena: Sendable {
    /// The first float.
    public let start: FloatPosition

    /// From 0 to one less than the number of workers; no two chunks that run at once have the same.
    public let worker: Int

    /// The image and the block of channels that a worker's own planes hold just now.
    public var image = 0
    public var block = 0

    /// The rows of its planes that a chunk computes; nil for all of them.
    public var rows: Range<Int>?

    public init(start: FloatPosition, worker: Int = 0) {
        self.start = start
        self.worker = worker
    }
}
