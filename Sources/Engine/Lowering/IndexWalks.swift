import Compute
import Graph

/// For every index, the element of `data` that differs from its own place in the index along `axis`.
struct ElementWalk: Sendable {
    let walk: TripleWalk
    /// Elements of `data` between two neighbours along the axis.
    let stride: Int

    init(
        _ node: Node,
        _ data: Shape,
        _ indices: Shape,
        axis: Int
    ) throws(ModelError) {
        guard data.rank == indices.rank,
            data.dimensions.indices.allSatisfy({ $0 == axis || indices[$0] <= data[$0] })
        else { throw .shape(node: node.name, reason: "indices \(indices) do not fit \(data)") }
        var strides = rowMajorStrides(data.dimensions)
        stride = strides[axis]
        strides[axis] = 0
        walk = TripleWalk(indices.dimensions, [strides, rowMajorStrides(indices.dimensions)])
    }
}

/// Where the slices lie that the last axis of the indices names.
struct PointWalk: Sendable {
    /// Slices, and elements of each.
    let points: Int
    let slice: Int
    let sliceShape: [Int]
    /// What each index of a point selects from, and how far apart that lies.
    let limits: [Int]
    private let strides: [Int]
    private let perBatch: Int
    private let batchSize: Int

    init(
        _ node: Node,
        _ data: Shape,
        _ indices: Shape,
        batches: Int
    ) throws(ModelError) {
        let (size, given) = (data.dimensions, indices.dimensions)
        guard let depth = given.last, depth > 0, batches >= 0, batches < given.count,
            batches + depth <= size.count, size.prefix(batches) == given.prefix(batches)
        else { throw .shape(node: node.name, reason: "indices \(indices) do not fit \(data)") }
        sliceShape = Array(size[(batches + depth)...])
        slice = sliceShape.reduce(1, *)
        limits = Array(size[batches..<batches + depth])
        strides = Array(rowMajorStrides(size)[batches..<batches + depth])
        batchSize = size[batches...].reduce(1, *)
        perBatch = max(1, given[batches...].dropLast().reduce(1, *))
        points = given.dropLast().reduce(1, *)
    }

    /// The first element of a point's slice.
    @inline(__always)
    func start(_ point: Int, _ indices: BytePosition) -> Int {
        var start = point / perBatch * batchSize
        for axis in strides.indices {
            start += indices[integer: point * strides.count + axis] * strides[axis]
        }
        return start
    }
}
