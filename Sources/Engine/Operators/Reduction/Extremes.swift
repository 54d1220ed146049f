import Compute
import Graph
import KernelInterface

extension Families {
    static let extremes: [String: DeclaredOperator] = [
        "ArgMax": .init(ArgExtreme.self, takes: 1...1, gives: 1...1),
        "ArgMin": .init(ArgExtreme.self, takes: 1...1, gives: 1...1),
    ]
}

/// The place of the greatest or smallest number along an axis, as int64.
struct ArgExtreme: PlannedOperator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    private let axis: Int
    private let keepsAxis: Bool
    private let takesLast: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
        keepsAxis = try attributes.flag("keepdims", default: true)
        takesLast = try attributes.flag("select_last_index", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let axis = try operands.axis(axis, rank: input.shape.rank)
        guard input.shape[axis] > 0 else { throw operands.fail("axis \(axis) has no elements") }
        let walk = try ReductionWalk(input.shape, axes: [axis], operands)
        let isMaximum = operands.node.op == "ArgMax"
        let indices: [Int] =
            switch try operands.numbers(0) {
            case .floats(let values): walk.groups(values).map { best($0, isMaximum) }
            case .signed(let values): walk.groups(values).map { best($0, isMaximum) }
            case .unsigned(let values): walk.groups(values).map { best($0, isMaximum) }
            }
        return [
            Tensor(shape: Shape(keepsAxis ? walk.keptShape : walk.droppedShape), integers: indices)
        ]
    }

    private func best<Value: Comparable>(_ values: [Value], _ isMaximum: Bool) -> Int {
        var best = 0
        for index in values.indices.dropFirst() {
            let isBetter =
                isMaximum ? values[index] > values[best] : values[index] < values[best]
            if isBetter || takesLast && values[index] == values[best] { best = index }
        }
        return best
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        let axis = try normalised(axis, rank: shape.rank, node)
        let blocks = AxisBlocks(shape, axis: axis)
        guard blocks.count > 0, blocks.count < 1 << 31 else {
            throw .shape(node: node.name, reason: "axis \(axis) has \(blocks.count) elements")
        }
        var sizes = shape.dimensions
        if keepsAxis { sizes[axis] = 1 } else { sizes.remove(at: axis) }
        let output = try plan.define(node.outputs[0], Shape(sizes), .dense, type: .int64)
        let (kernels, kind, width) = (plan.kernels, plan[source].kind, plan[source].width)
        let (takesLast, isMinimum) = (takesLast, node.op == "ArgMin")
        plan.step(
            node.name,
            chunks: blocks.chunks,
            reads: [source],
            writes: [output],
            isExact: true
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena).bytes, to.position(in: arena).bytes)
                blocks.forEach(in: chunk) { block, columns in
                    kernels.findExtremes(
                        of: kind,
                        isMinimum: isMinimum,
                        takesLast: takesLast,
                        x + block * blocks.size * width,
                        count: blocks.count,
                        inner: blocks.inner,
                        into: y + block * blocks.inner * 8,
                        columns: columns
                    )
                }
            }
        }
    }
}
