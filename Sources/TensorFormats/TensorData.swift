/// Numbers with a shape, row by row (the last dimension is the fastest).
public struct TensorData: Sendable, Equatable {
    public var shape: [Int]
    /// As many values as the product of `shape`.
    public var values: [Float]

    public init(shape: [Int], values: [Float]) {
        self.shape = shape
        self.values = values
    }
}
