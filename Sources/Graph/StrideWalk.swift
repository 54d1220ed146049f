/// A walk over a shape in row-major order with two places that advance by strides of their own.
///
/// Neighbouring axes along which both places advance evenly are one axis here; the last of them is a row.
package struct StrideWalk: Sendable {
    /// Elements of a row.
    package let length: Int
    /// How far either place moves along a row.
    package let steps: (first: Int, second: Int)
    package let rows: Int
    package private(set) var sizes: [Int] = []
    package private(set) var strides: [(first: Int, second: Int)] = []

    package init(_ shape: [Int], _ first: [Int], _ second: [Int]) {
        for axis in shape.indices where shape[axis] != 1 {
            if let last = sizes.indices.last, strides[last].first == first[axis] * shape[axis],
                strides[last].second == second[axis] * shape[axis]
            {
                sizes[last] *= shape[axis]
                strides[last] = (first[axis], second[axis])
            } else {
                sizes.append(shape[axis])
                strides.append((first[axis], second[axis]))
            }
        }
        length = sizes.popLast() ?? 1
        steps = strides.popLast() ?? (0, 0)
        rows = sizes.reduce(1, *)
    }

    /// Independent pieces of the rows, cut by their sizes alone.
    package var chunks: Int { max(1, min(rows, rows * length / 8192)) }

    /// The rows of a piece.
    package func rows(ofChunk chunk: Int) -> Range<Int> {
        rows * chunk / chunks..<rows * (chunk + 1) / chunks
    }

    /// Calls `body` with the number of each row and where either place begins.
    @inlinable
    @inline(__always)
    package func forEachRow(
        in range: Range<Int>,
        _ body: (_ row: Int, _ first: Int, _ second: Int) -> Void
    ) {
        // Nothing is allocated here: plans run it in every pass.
        for row in range {
            var (rest, first, second) = (row, 0, 0)
            var axis = sizes.count - 1
            while axis > 0 {
                let size = sizes[axis]
                let outer = rest / size
                let position = rest - outer * size
                first += position * strides[axis].first
                second += position * strides[axis].second
                rest = outer
                axis -= 1
            }
            if axis == 0 {
                first += rest * strides[0].first
                second += rest * strides[0].second
            }
            body(row, first, second)
        }
    }
}

extension StrideWalk {
    /// The walk over `shape`, the result of broadcasting two operands.
    package init(broadcasting left: [Int], _ right: [Int], to shape: [Int]) {
        self.init(
            shape,
            Self.strides(of: left, in: shape),
            Self.strides(of: right, in: shape)
        )
    }

    /// Strides of an operand along a result's axes; 0 where it is repeated.
    package static func strides(of operand: [Int], in shape: [Int]) -> [Int] {
        let own = rowMajorStrides(operand)
        var strides = [Int](repeating: 0, count: shape.count)
        for axis in operand.indices where operand[axis] != 1 {
            strides[axis + shape.count - operand.count] = own[axis]
        }
        return strides
    }
}
