/// Weights in the order in which kernels read them: immutable floats on a 64-byte boundary.
@safe
public final class PackedWeights: @unchecked Sendable {
    // SAFETY: written only by `init`, before anyone else can see the object.
    private let storage: FloatStorage

    /// Number of floats, zeros that fill the blocks included.
    public var count: Int { storage.count }

    /// The first float; it must not be written to.
    public let start: FloatPosition

    /// Zeros, except where `fill` writes.
    public init<Failure: Error>(
        count: Int,
        fill: (FloatPosition) throws(Failure) -> Void
    ) throws(Failure) {
        storage = FloatStorage(count: count)
        start = storage.start
        try fill(start)
    }

    /// One after the other.
    public convenience init(joining parts: [PackedWeights]) {
        self.init(count: parts.reduce(0) { $0 + $1.count }) { target in
            var position = target
            for part in parts {
                position.copy(from: part.start, count: part.count)
                position = position + part.count
            }
        }
    }
}
