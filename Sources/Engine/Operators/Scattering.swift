import Compute
import Graph
import KernelInterface

/// How an update joins the element it meets; an update takes its place if none is named.
struct UpdateReduction: Sendable {
    private let operation: FloatArithmetic?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let word = try attributes.string("reduction", default: "none")
        let known: [String: FloatArithmetic] = [
            "add": .add, "mul": .multiply, "max": .maximum, "min": .minimum,
        ]
        guard word == "none" || known[word] != nil else {
            throw attributes.mismatch("reduction", "none, add, mul, max or min", .string(word))
        }
        operation = known[word]
    }

    typealias Update =
        @Sendable (_ target: BytePosition, _ update: BytePosition, _ count: Int) -> Void

    /// What is done with neighbouring elements of a value and as many updates.
    func update(
        _ node: Node,
        _ value: PlannedValue,
        _ kernels: KernelSet
    ) throws(ModelError) -> Update {
        let width = value.width
        guard let operation else {
            return { target, update, count in target.copy(from: update, bytes: count * width) }
        }
        if value.type == .float32 {
            return { target, update, count in
                kernels.join(
                    operation.kernel,
                    target.floats,
                    update.floats,
                    into: target.floats,
                    count: count,
                    steps: (1, 1)
                )
            }
        }
        guard value.type.isPlannedInteger, let function = operation.onIntegers else {
            throw .shape(
                node: node.name,
                reason: "updates of \(value.type.rawValue) are planned without a reduction"
            )
        }
        let kind = value.kind
        return { target, update, count in
            kernels.join(
                function,
                of: kind,
                target,
                update,
                into: target,
                count: count,
                steps: (1, 1)
            )
        }
    }
}

/// `data` with update i joined to the element that index i names along `axis`, one after the other.
struct PlannedScatterElements: Operator {
    static let name = "ScatterElements"
    private let axis: Int
    private let reduction: UpdateReduction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
        reduction = try UpdateReduction(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let (source, updates) = (try plan.typed(node, 0), try plan.typed(node, 2))
        let data = plan.shape(of: source)
        let axis = try normalised(axis, rank: data.rank, node)
        let indices = try plan.indices(node, 1, limits: [data[axis]])
        let given = plan.shape(of: indices)
        let elements = try ElementWalk(node, data, given, axis: axis)
        guard plan[updates].type == plan[source].type, plan.shape(of: updates).count == given.count
        else { throw .shape(node: node.name, reason: "updates do not fit \(data)") }
        let (walk, width) = (elements.walk, plan[source].width)
        let update = try reduction.update(node, plan[source], plan.kernels)
        let output = try plan.copied(source, as: node.outputs[0], node)
        plan.step(
            node.name,
            chunks: 1,
            reads: [indices, updates, output],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (places, news, to) = (placement[indices], placement[updates], placement[output])
            return { arena, _ in
                let (x, y) = (news.position(in: arena).bytes, to.position(in: arena).bytes)
                let numbers = places.position(in: arena).bytes
                for chunk in 0..<walk.chunks {
                    walk.forEachStretch(ofChunk: chunk) { start, count, offsets in
                        for index in start..<start + count {
                            let place =
                                offsets.0 + (index - start) * walk.steps.0
                                + numbers[integer: index] * elements.stride
                            update(y + place * width, x + index * width, 1)
                        }
                    }
                }
            }
        }
    }
}

/// `data` with slices joined to those that the last axis of the indices names, one after the other.
struct PlannedScatterND: Operator {
    static let name = "ScatterND"
    private let reduction: UpdateReduction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        reduction = try UpdateReduction(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let (source, updates) = (try plan.typed(node, 0), try plan.typed(node, 2))
        let given = try plan.typedShape(node, 1)
        let walk = try PointWalk(node, plan.shape(of: source), given, batches: 0)
        let indices = try plan.indices(node, 1, limits: walk.limits)
        guard plan[updates].type == plan[source].type,
            Shape([walk.points, walk.slice]).checkedCount == plan.shape(of: updates).count
        else { throw .shape(node: node.name, reason: "updates do not fit the indices") }
        let width = plan[source].width
        let update = try reduction.update(node, plan[source], plan.kernels)
        let output = try plan.copied(source, as: node.outputs[0], node)
        plan.step(
            node.name,
            chunks: 1,
            reads: [indices, updates, output],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (places, news, to) = (placement[indices], placement[updates], placement[output])
            return { arena, _ in
                let (x, y) = (news.position(in: arena).bytes, to.position(in: arena).bytes)
                let numbers = places.position(in: arena).bytes
                for point in 0..<walk.points {
                    update(
                        y + walk.start(point, numbers) * width,
                        x + point * walk.slice * width,
                        walk.slice
                    )
                }
            }
        }
    }
}

extension PlanBuilder {
    /// A copy of a row-major value, for steps that change it.
    mutating func copied(
        _ source: ValueID,
        as name: String,
        _ node: Node
    ) throws(ModelError) -> ValueID {
        let output = try define(name, shape(of: source), .dense, type: self[source].type)
        let (stretches, width) = (Stretches(shape(of: source).count), self[source].width)
        step(node.name, chunks: stretches.chunks, reads: [source], writes: [output], isExact: true)
        { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let part = stretches[chunk]
                (to.position(in: arena).bytes + part.lowerBound * width).copy(
                    from: from.position(in: arena).bytes + part.lowerBound * width,
                    bytes: part.count * width
                )
            }
        }
        return output
    }
}
