import Compute
import Graph
import KernelInterface

extension Families {
    static let selection: [String: DeclaredOperator] = [
        "Where": .init(Where.self, takes: 3...3, gives: 1...1)
    ]
}

/// The second operand's element where the condition holds, else the third's, with NumPy's broadcasting.
struct Where: PlannedOperator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (condition, a, b) = (try operands(0), try operands(1), try operands(2))
        guard let flags = condition.elements.booleans else { throw operands.unfit(condition.type) }
        guard let all = a.elements.joined(b.elements) else {
            throw operands.fail("Where of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        let shape = try operands.broadcast([condition.shape, a.shape, b.shape])
        let places = [condition, a, b].map { tensor in
            broadcastOffsets(tensor.shape.dimensions, to: shape)
        }
        let count = try operands.count(shape)
        let sources = (0..<count).map { index in
            flags[places[0]?[index] ?? index]
                ? places[1]?[index] ?? index : a.count + (places[2]?[index] ?? index)
        }
        return [Tensor(shape: Shape(shape), elements: all.picking(sources))]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let condition = try plan.typed(node, 0)
        let (x, y) = (try plan.typed(node, 1), try plan.typed(node, 2))
        let (type, width) = (plan[x].type, plan[x].width)
        guard plan[condition].type == .bool, plan[y].type == type else {
            throw .shape(
                node: node.name,
                reason: "Where of \(plan[condition].type.rawValue), \(type.rawValue) "
                    + "and \(plan[y].type.rawValue)"
            )
        }
        let shapes = [condition, x, y].map { plan.shape(of: $0) }
        guard let both = broadcastShape(shapes[1], shapes[2]),
            let shape = broadcastShape(shapes[0], both)
        else {
            throw .shape(
                node: node.name,
                reason: "\(shapes[0]), \(shapes[1]) and \(shapes[2]) do not broadcast"
            )
        }
        let output = try plan.define(node.outputs[0], shape, .dense, type: type)
        let walk = TripleWalk(
            shape.dimensions,
            shapes.map { StrideWalk.strides(of: $0.dimensions, in: shape.dimensions) }
        )
        let kernels = plan.kernels
        let reads = [condition, x, y]
        plan.step(node.name, chunks: walk.chunks, reads: reads, writes: [output], isExact: true) {
            placement in
            let (c, a, b) = (placement[condition], placement[x], placement[y])
            let to = placement[output]
            return { arena, chunk in
                let flags = c.position(in: arena).bytes
                let (first, second) = (a.position(in: arena).bytes, b.position(in: arena).bytes)
                let result = to.position(in: arena).bytes
                walk.forEachStretch(ofChunk: chunk) { start, count, offsets in
                    kernels.select(
                        width: width,
                        flags + offsets.0,
                        first + offsets.1 * width,
                        second + offsets.2 * width,
                        into: result + start * width,
                        count: count,
                        steps: walk.steps
                    )
                }
            }
        }
    }
}
