import Graph

/// The grid of places that GridSample reads for an affine map, two or three axes.
struct AffineGrid: Operator {
    private let alignsCorners: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alignsCorners = try attributes.flag("align_corners", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let theta = try operands(0)
        let size = try operands.integers(1)
        let rank = size.count - 2
        guard (2...3).contains(rank), size.allSatisfy({ $0 >= 0 }),
            theta.shape.dimensions == [size[0], rank, rank + 1]
        else { throw operands.fail("the map \(theta.shape) does not fit the size \(size)") }
        let factors = try operands.floats(0)
        let shape = [size[0]] + size[2...] + [rank]
        let places = size[2...].map { length in (0..<length).map { place($0, length) } }
        var result: [Double] = []
        result.reserveCapacity(try operands.count(shape))
        let sizes = Array(size[2...])
        let strides = rowMajorStrides(sizes)
        let points = sizes.reduce(1, *)
        for image in 0..<size[0] {
            for point in 0..<points {
                try operands.poll(at: point)
                for row in 0..<rank {
                    let first = (image * rank + row) * (rank + 1)
                    var sum = factors[first + rank]
                    // x is the last axis.
                    for column in 0..<rank {
                        let axis = rank - 1 - column
                        let index = point / strides[axis] % sizes[axis]
                        sum += factors[first + column] * places[axis][index]
                    }
                    result.append(sum)
                }
            }
        }
        return [try operands.result(shape, result, theta.type)]
    }

    private func place(_ index: Int, _ length: Int) -> Double {
        guard alignsCorners else { return (2 * Double(index) + 1) / Double(length) - 1 }
        return length == 1 ? -1 : 2 * Double(index) / Double(length - 1) - 1
    }
}
