import Graph

extension Operands {
    /// Indices along an axis of `size`, counted from the front.
    func indices(_ input: Int, size: Int) throws(ModelError) -> [Int] {
        var result = try anyIntegers(input)
        for place in result.indices {
            let index = result[place]
            guard index >= -size, index < size else {
                throw fail("index \(index) lies outside of \(size)")
            }
            if index < 0 { result[place] = index + size }
        }
        return result
    }
}

/// For every element of the indices, the place in `shape` that differs from its own in the index along `axis`.
func elementPlaces(
    _ operands: Operands,
    _ shape: Shape,
    _ indexShape: Shape,
    axis: Int
) throws(ModelError) -> [Int] {
    let axis = try operands.axis(axis, rank: shape.rank)
    guard shape.rank == indexShape.rank,
        shape.dimensions.indices.allSatisfy({ $0 == axis || indexShape[$0] <= shape[$0] })
    else { throw operands.fail("indices \(indexShape) do not fit \(shape)") }
    let indices = try operands.indices(1, size: shape[axis])
    var strides = rowMajorStrides(shape.dimensions)
    let stride = strides[axis]
    strides[axis] = 0
    let bases = offsets(indexShape.dimensions, strides: strides)
    return zip(bases, indices).map { $0 + $1 * stride }
}

/// Where the slices begin that the last axis of `indices` names.
struct PointPlaces {
    let starts: [Int]
    let sliceShape: [Int]
    var sliceCount: Int { sliceShape.reduce(1, *) }

    init(
        _ operands: Operands,
        _ shape: Shape,
        _ indices: Tensor,
        batches: Int
    ) throws(ModelError) {
        let (size, given) = (shape.dimensions, indices.shape.dimensions)
        guard let depth = given.last, batches >= 0, batches < given.count, depth >= 0,
            batches + depth <= size.count, size.prefix(batches) == given.prefix(batches)
        else { throw operands.fail("indices \(indices.shape) do not fit \(shape)") }
        let values = try operands.anyIntegers(1)
        sliceShape = Array(size[(batches + depth)...])
        let strides = rowMajorStrides(size)
        let batchCount = size.prefix(batches).reduce(1, *)
        let batchSize = size[batches...].reduce(1, *)
        let perBatch = given[batches...].dropLast().reduce(1, *)
        _ = try operands.count([batchCount, perBatch])
        var starts: [Int] = []
        for batch in 0..<batchCount {
            for point in 0..<perBatch {
                var start = batch * batchSize
                for axis in 0..<depth {
                    let limit = size[batches + axis]
                    var index = values[(batch * perBatch + point) * depth + axis]
                    guard index >= -limit, index < limit else {
                        throw operands.fail("index \(index) lies outside of \(limit)")
                    }
                    if index < 0 { index += limit }
                    start += index * strides[batches + axis]
                }
                starts.append(start)
            }
        }
        self.starts = starts
    }
}
