import Compute
import Graph

extension Families {
    static let elementGathers: [String: DeclaredOperator] = [
        "GatherElements": .init(GatherElements.self, takes: 2...2, gives: 1...1),
        "GatherND": .init(GatherND.self, takes: 2...2, gives: 1...1),
    ]
}

/// Single elements, by the indices of each along an axis.
struct GatherElements: PlannedOperator {
    static var bytesPerInput: Int { 0 }
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, indices) = (try operands(0), try operands(1))
        _ = try operands.count(indices.shape.dimensions)
        let places = try elementPlaces(operands, input.shape, indices.shape, axis: axis)
        return [input.picking(places, shape: indices.shape.dimensions)]
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

/// Slices that the last axis of the indices names.
struct GatherND: PlannedOperator {
    static var bytesPerInput: Int { 0 }
    private let batches: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        batches = try attributes.int("batch_dims", default: 0)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, indices) = (try operands(0), try operands(1))
        let points = try PointPlaces(operands, input.shape, indices, batches: batches)
        let shape = indices.shape.dimensions.dropLast() + points.sliceShape
        var sources: [Int] = []
        sources.reserveCapacity(try operands.count(Array(shape)))
        for start in points.starts { sources.append(contentsOf: start..<start + points.sliceCount) }
        return [input.picking(sources, shape: Array(shape))]
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
