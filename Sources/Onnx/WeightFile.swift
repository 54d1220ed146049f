import Files
import Graph

/// An open file that weights are read from as long as a model lives.
struct WeightFile: Sendable {
    private let file: RegularFile

    /// Whether the file is large enough for its large tensors to stay there.
    let keepsTensors: Bool

    /// Smaller files are read as a whole, so that what happens to them later does not matter.
    static let smallestFile = 1 << 20
    /// Tensors from this size on stay in a large file.
    static let smallestTensor = 64 << 10

    package var name: String { file.name }
    package var size: Int { file.size }

    init(_ file: RegularFile, smallestFile: Int = WeightFile.smallestFile) {
        self.file = file
        keepsTensors = file.size >= smallestFile
    }

    package func bytes(_ range: Range<Int>) throws(ModelError) -> [UInt8] {
        try file.bytes(range)
    }

    /// A tensor's numbers: left in the file if they are many, else counted and read.
    package func tensor(
        _ shape: Shape,
        _ type: ElementType,
        at range: Range<Int>,
        counting files: ModelFiles?
    ) throws(ModelError) -> Tensor {
        let isHalf = type == .float16 || type == .bfloat16
        guard type == .float32 || isHalf && keepsTensors && range.count >= Self.smallestTensor
        else {
            // Once as they are and once as numbers.
            try files?.take(2 * range.count, for: name)
            return Tensor(
                shape: shape,
                elements: Tensor.Elements(bytes: try bytes(range), as: type)
            )
        }
        guard keepsTensors, range.count >= Self.smallestTensor else {
            try files?.take(range.count, for: name)
            return Tensor(shape: shape, floats: try file.numbers(range))
        }
        let width = isHalf ? 2 : MemoryLayout<Float>.stride
        let stored = StoredFloats(
            count: shape.count,
            type: type,
            makePart: { [file] part throws(ModelError) in
                let start = range.lowerBound + part.lowerBound * width
                let place = start..<start + part.count * width
                return isHalf
                    ? HalfFloats.floats(try file.numbers(place), type) : try file.numbers(place)
            }
        )
        return Tensor(shape: shape, stored: stored)
    }
}
