/// Small integers that stand for real numbers: (integer − zero point) · scale.
package struct QuantizedNumbers: Sendable {
    package let integers: Tensor
    /// One for all, or one for each slice along `axis`, those of every slice of the axes before it if there are so many;
    /// with blocks, one for each block of each line along the axis.
    package let scales: [Float]
    /// As many as scales.
    package let zeros: [Int]
    package let axis: Int
    /// Integers along the axis that share a scale; 0 without blocks.
    package let blockSize: Int
    /// Whether rows that a cell multiplies by them are rounded too, each to 127 steps from 0 to its largest number.
    package let roundsRows: Bool
    /// Whether the numbers are the transposed matrix.
    package let isTransposed: Bool

    /// Nil where scales and zero points do not fit the integers.
    package init?(
        integers: Tensor,
        scales: [Float],
        zeros: [Int]?,
        axis: Int,
        blockSize: Int = 0,
        roundsRows: Bool = false,
        isTransposed: Bool = false
    ) {
        let zeros = zeros ?? Array(repeating: 0, count: scales.count)
        // No difference of such numbers is too large for 64 bits.
        let range = ElementType.uint32.integerRange
        guard integers.type.isInteger, integers.type.byteCount ?? 8 <= 4, !scales.isEmpty,
            zeros.count == scales.count, !isTransposed || integers.shape.rank == 2,
            zeros.allSatisfy({ range.contains($0) || range.contains(-1 - $0) })
        else { return nil }
        let dimensions = integers.shape.dimensions
        if blockSize > 0 {
            guard dimensions.indices.contains(axis), dimensions[axis] > 0 else { return nil }
            let blocks = (dimensions[axis] + blockSize - 1) / blockSize
            guard integers.count / dimensions[axis] * blocks == scales.count else { return nil }
        } else if scales.count > 1 {
            guard dimensions.indices.contains(axis),
                [dimensions[axis], dimensions[...axis].reduce(1, *)].contains(scales.count)
            else { return nil }
        }
        self.integers = integers
        self.scales = scales
        self.zeros = zeros
        self.axis = axis
        self.blockSize = blockSize
        self.roundsRows = roundsRows
        self.isTransposed = isTransposed
    }

    /// The transposed matrix; nil where the numbers are none.
    package var transposed: QuantizedNumbers? {
        QuantizedNumbers(
            integers: integers,
            scales: scales,
            zeros: zeros,
            axis: axis,
            blockSize: blockSize,
            roundsRows: roundsRows,
            isTransposed: !isTransposed
        )
    }

    /// Elements between two of a slice along `axis`.
    private var inner: Int {
        scales.count == 1 ? 1 : integers.shape.dimensions[(axis + 1)...].reduce(1, *)
    }

    /// Which of the scales is that of an integer.
    package func slice(of element: Int) -> Int {
        guard blockSize > 0 else { return element / max(1, inner) % scales.count }
        let (inner, size) = (max(1, inner), integers.shape[axis])
        let blocks = (size + blockSize - 1) / blockSize
        let along = element / inner % size / blockSize
        return (element / (inner * size) * blocks + along) * inner + element % inner
    }

    /// The real numbers, each made when it is read.
    package var tensor: Tensor {
        let shape = integers.shape
        let result = isTransposed ? Shape([shape[1], shape[0]]) : shape
        let integer = integers.integerReader
        let stored = StoredFloats(count: integers.count, isMade: true, origin: self) { part in
            part.map { index in
                let place = isTransposed ? index % result[1] * result[0] + index / result[1] : index
                return real(integer(place), slice: slice(of: place))
            }
        }
        return Tensor(shape: result, stored: stored)
    }

    private func real(_ integer: Int, slice: Int) -> Float {
        Float(Double(integer - zeros[slice]) * Double(scales[slice]))
    }
}

extension Tensor {
    /// Reads the integer at a place, of at most 32 bits; 0 where the elements are none.
    package var integerReader: @Sendable (_ index: Int) -> Int {
        if let small { return { small[$0] } }
        func widened(_ values: [some BinaryInteger & Sendable]) -> @Sendable (Int) -> Int {
            { Int(values[$0]) }
        }
        return switch elements {
        case .int32(let values): widened(values)
        case .int16(let values): widened(values)
        case .int8(let values): { Int(values[$0]) }
        case .uint32(let values): widened(values)
        case .uint16(let values): widened(values)
        case .uint8(let values): { Int(values[$0]) }
        case .integers, .uint64, .booleans, .floats, .doubles, .halves, .bfloats, .strings:
            { _ in 0
            }
        }
    }

    /// The integers that the numbers stand for, where they were dequantised.
    package var quantized: QuantizedNumbers? { stored?.origin }
}
