import Compute
import Graph

/// Single elements and slices by the indices of each.
enum Gathering {
    static let operators: [any Operator.Type] = [
        PlannedGatherElements.self, PlannedGatherND.self, PlannedScatterElements.self,
        PlannedScatterND.self,
    ]
}

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

struct PlannedGatherElements: Operator {
    static let name = "GatherElements"
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let data = plan.shape(of: source)
        let axis = try normalised(axis, rank: data.rank, node)
        let indices = try plan.indices(node, 1, limits: [data[axis]])
        let elements = try ElementWalk(node, data, plan.shape(of: indices), axis: axis)
        let (walk, width) = (elements.walk, plan[source].width)
        let output = try plan.define(
            node.outputs[0],
            plan.shape(of: indices),
            .dense,
            type: plan[source].type
        )
        plan.step(
            node.name,
            chunks: walk.chunks,
            reads: [source, indices],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (from, places, to) = (placement[source], placement[indices], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena).bytes, to.position(in: arena).bytes)
                let numbers = places.position(in: arena).bytes
                walk.forEachStretch(ofChunk: chunk) { start, count, offsets in
                    (y + start * width).pick(
                        x + offsets.0 * width,
                        indices: numbers + start * 8,
                        count: count,
                        width: width,
                        stride: elements.stride,
                        step: walk.steps.0
                    )
                }
            }
        }
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

struct PlannedGatherND: Operator {
    static let name = "GatherND"
    private let batches: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        batches = try attributes.int("batch_dims", default: 0)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let given = try plan.typedShape(node, 1)
        let walk = try PointWalk(node, plan.shape(of: source), given, batches: batches)
        let indices = try plan.indices(node, 1, limits: walk.limits)
        let bytes = walk.slice * plan[source].width
        let output = try plan.define(
            node.outputs[0],
            Shape(given.dimensions.dropLast() + walk.sliceShape),
            .dense,
            type: plan[source].type
        )
        let width = plan[source].width
        let parts = Stretches(walk.points, least: 65536 / max(1, bytes), unit: 1)
        plan.step(
            node.name,
            chunks: parts.chunks,
            reads: [source, indices],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (from, places, to) = (placement[source], placement[indices], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena).bytes, to.position(in: arena).bytes)
                let numbers = places.position(in: arena).bytes
                for point in parts[chunk] {
                    (y + point * bytes).copy(
                        from: x + walk.start(point, numbers) * width,
                        bytes: bytes
                    )
                }
            }
        }
    }
}
