import Compute
import Graph

extension Families {
    static let oneHot: [String: DeclaredOperator] = [
        "OneHot": .init(OneHot.self, takes: 3...3, gives: 1...1, own: ["wraps", "inside"])
    ]
}

/// Vectors of `depth` that are on at the index and off elsewhere; an index outside is off everywhere.
///
/// Our own attributes: `wraps`, whether negative indices count from the end, as ONNX has it, and
/// `inside`, that whoever gives the indices has looked at them.
struct OneHot: PlannedOperator {
    private let axis: Int
    private let wraps: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        wraps = try attributes.flag("wraps", default: true)
        _ = try attributes.flag("inside", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (indices, values) = (try operands(0), try operands(2))
        guard let hot = indices.elements.doubles,
            let depth = try operands(1).elements.doubles?.first.map({ Int(saturating: $0) }),
            depth >= 0, values.count == 2
        else { throw operands.fail("OneHot needs indices, a depth and two values") }
        let axis = try operands.axis(axis, rank: indices.shape.rank + 1)
        var shape = indices.shape.dimensions
        shape.insert(depth, at: axis)
        let inner = shape[(axis + 1)...].reduce(1, *)
        let sources = (0..<(try operands.count(shape))).map { place in
            let index = Int(saturating: hot[place / (inner * depth) * inner + place % inner])
            let on = index < 0 ? index &+ depth : index
            return place / inner % depth == on ? 1 : 0
        }
        return [values.picking(sources, shape: shape)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let given = plan.constant(node, 1)?.elements.doubles?.first.map { Int(saturating: $0) }
        guard let count = given, (1...1 << 24).contains(count) else {
            throw .shape(node: node.name, reason: "OneHot is planned with a constant depth")
        }
        let indices = try plan.tokens(node, 0)
        let values = try plan.typed(node, 2)
        guard plan.shape(of: values).count == 2 else {
            throw .shape(node: node.name, reason: "OneHot needs two values")
        }
        let sizes = plan.shape(of: indices)
        let axis = try normalised(axis, rank: sizes.rank + 1, node)
        var shape = sizes.dimensions
        shape.insert(count, at: axis)
        let inner = sizes.dimensions[axis...].reduce(1, *)
        let (type, width, wraps) = (plan[values].type, plan[values].width, wraps)
        let output = try plan.define(node.outputs[0], Shape(shape), .dense, type: type)
        let outer = Stretches(
            sizes.count / max(1, inner),
            least: 32768 / max(1, count * inner),
            unit: 1
        )
        plan.step(
            node.name,
            chunks: outer.chunks,
            reads: [indices, values],
            writes: [output],
            isExact: true
        ) { placement in
            let (from, choice, to) = (placement[indices], placement[values], placement[output])
            return { arena, chunk in
                let part = outer[chunk]
                let numbers = choice.position(in: arena).bytes
                let places = from.position(in: arena).bytes + part.lowerBound * inner * 8
                let target =
                    to.position(in: arena).bytes + part.lowerBound * count * inner * width
                let all = part.count * count * inner
                target.move(numbers, width: width, count: all, steps: (0, 1))
                for index in 0..<part.count * inner {
                    let hot =
                        wraps ? wrapped(places[integer: index], count) : places[integer: index]
                    guard hot >= 0, hot < count else { continue }
                    let place = (index / inner * count + hot) * inner + index % inner
                    (target + place * width).copy(from: numbers + width, bytes: width)
                }
            }
        }
    }
}
