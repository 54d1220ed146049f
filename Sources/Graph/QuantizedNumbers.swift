/// Small integers that stand for real numbers: (integer − zero point) · scale.
package struct QuantizedNumbers: Sendable {
    package let integers: Tensor
    /// One for all, or one for each slice along `axis`, those of every slice of the axes before it if there are so many.
    package let scales: [Float]
    /// As many as scales.
    package let zeros: [Int]
    package let axis: Int
    /// Whether rows that a cell multiplies by them are rounded too, each to 127 steps from 0 to its largest number.
    package let roundsRows: Bool

    /// Nil where scales and zero points do not fit the integers.
    package init?(
        integers: Tensor,
        scales: [Float],
        zeros: [Int]?,
        axis: Int,
        roundsRows: Bool = false
    ) {
        let zeros = zeros ?? Array(repeating: 0, count: scales.count)
        // No difference of such numbers is too large for 64 bits.
        let range = ElementType.uint32.integerRange
        guard integers.type.isInteger, integers.type.byteCount ?? 8 <= 4, !scales.isEmpty,
            zeros.count == scales.count,
            zeros.allSatisfy({ range.contains($0) || range.contains(-1 - $0) })
        else { return nil }
        if scales.count > 1 {
            let dimensions = integers.shape.dimensions
            guard dimensions.indices.contains(axis),
                [dimensions[axis], dimensions[...axis].reduce(1, *)].contains(scales.count)
            else { return nil }
        }
        self.integers = integers
        self.scales = scales
        self.zeros = zeros
        self.axis = axis
        self.roundsRows = roundsRows
    }

    /// Elements between two of a slice along `axis`.
    private var inner: Int {
        scales.count == 1 ? 1 : integers.shape.dimensions[(axis + 1)...].reduce(1, *)
    }

    /// Which of the scales is that of an element.
    package func slice(of element: Int) -> Int { element / max(1, inner) % scales.count }

    /// The real numbers, each made when it is read.
    package var tensor: Tensor {
        let elements = integers.elements
        let stored = StoredFloats(count: elements.count, isMade: true, origin: self) { part in
            elements.signed(part).enumerated().map { index, value in
                let slice = slice(of: part.lowerBound + index)
                return Float(Double(value - zeros[slice]) * Double(scales[slice]))
            }
        }
        return Tensor(shape: integers.shape, stored: stored)
    }
}

extension Tensor.Elements {
    /// A part of the elements as whole numbers; none where they are no integers.
    package func signed(_ part: Range<Int>) -> [Int] {
        func widened(_ values: [some BinaryInteger]) -> [Int] {
            values[part].map { Int(clamping: $0) }
        }
        return switch self {
        case .integers(let values): Array(values[part])
        case .int32(let values): widened(values)
        case .int16(let values): widened(values)
        case .int8(let values): widened(values)
        case .uint64(let values): widened(values)
        case .uint32(let values): widened(values)
        case .uint16(let values): widened(values)
        case .uint8(let values): widened(values)
        case .booleans, .floats, .doubles, .halves, .bfloats, .strings: []
        }
    }
}

extension Tensor {
    /// The integers that the numbers stand for, where they were dequantised.
    package var quantized: QuantizedNumbers? { stored?.origin }
}
