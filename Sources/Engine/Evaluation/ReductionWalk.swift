import Graph

/// The elements that meet in each element of a reduction.
struct ReductionWalk {
    /// Bytes for an element: the number in 64 bits, its place, and both once more with the others of its group.
    static let bytesPerElement = 48

    let keptShape: [Int]
    let droppedShape: [Int]
    private let outer: [Int]
    private let inner: [Int]

    /// - Throws: `tooLarge` where the lists of places, or a result for each group, exceed the memory of a request: of
    ///   what has no elements there may still be any number of groups.
    init(_ shape: Shape, axes: Set<Int>, _ operands: Operands) throws(ModelError) {
        let sizes = shape.dimensions
        keptShape = sizes.indices.map { axes.contains($0) ? 1 : sizes[$0] }
        droppedShape = sizes.indices.filter { !axes.contains($0) }.map { sizes[$0] }
        let strides = rowMajorStrides(sizes)
        let (kept, gone) = (
            sizes.indices.filter { !axes.contains($0) }, sizes.indices.filter { axes.contains($0) }
        )
        _ = try operands.count(keptShape)
        _ = try operands.count(gone.map { sizes[$0] })
        outer = offsets(kept.map { sizes[$0] }, strides: kept.map { strides[$0] })
        inner = offsets(gone.map { sizes[$0] }, strides: gone.map { strides[$0] })
    }

    func groups<Value>(_ values: [Value]) -> some Sequence<[Value]> {
        outer.lazy.map { base in inner.map { values[base + $0] } }
    }

    /// The places of each group's elements, in order.
    var places: some Sequence<[Int]> { outer.lazy.map { base in inner.map { base + $0 } } }
}
