import Compute
import Graph
import KernelInterface

extension Families {
    static let runningTotals: [String: DeclaredOperator] = [
        "CumSum": .init(Cumulated.self, takes: 2...2, gives: 1...1),
        "CumProd": .init(Cumulated.self, takes: 2...2, gives: 1...1),
    ]
}

/// Running sums or products along an axis.
struct Cumulated: PlannedOperator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    private let isExclusive: Bool
    private let isReversed: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isExclusive = try attributes.flag("exclusive", default: false)
        isReversed = try attributes.flag("reverse", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let given = try operands.optionalInteger(1) else { throw operands.fail("no axis") }
        let axis = try operands.axis(given, rank: input.shape.rank)
        let places = try ReductionWalk(input.shape, axes: [axis], operands)
        let operation = operands.node.op == "CumSum" ? Arithmetic.add : .multiply
        let numbers: Numbers
        switch try operands.numbers(0) {
        case .floats(let values):
            numbers = .floats(run(values, places, operation == .add ? 0 : 1) { operation($0, $1) })
        case .signed(let values):
            numbers = .signed(run(values, places, operation == .add ? 0 : 1) { operation($0, $1) })
        case .unsigned(let values):
            numbers = .unsigned(
                run(values, places, operation == .add ? 0 : 1) { operation($0, $1) }
            )
        }
        guard let elements = Tensor.Elements(numbers, as: input.type) else {
            throw operands.unfit(input.type)
        }
        return [Tensor(shape: input.shape, elements: elements)]
    }

    private func run<Value>(
        _ values: [Value],
        _ walk: ReductionWalk,
        _ start: Value,
        _ combine: (Value, Value) -> Value
    ) -> [Value] {
        var result = values
        for group in walk.places {
            var total = start
            for place in isReversed ? group.reversed() : group {
                if isExclusive {
                    result[place] = total
                    total = combine(total, values[place])
                } else {
                    total = combine(total, values[place])
                    result[place] = total
                }
            }
        }
        return result
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        guard let given = plan.constant(node, 1)?.elements.signed, given.count == 1 else {
            throw .shape(node: node.name, reason: "\(node.op) is planned along a constant axis")
        }
        let axis = try normalised(given[0], rank: shape.rank, node)
        let (type, width, kind) = (plan[source].type, plan[source].width, plan[source].kind)
        guard type == .float32 || type.isPlannedInteger else {
            throw .shape(node: node.name, reason: "\(node.op) of \(type.rawValue) is not planned")
        }
        let blocks = AxisBlocks(shape, axis: axis)
        let output = try plan.define(node.outputs[0], shape, .dense, type: type)
        if type == .float32, blocks.inner > 1 {
            lower(node, source, to: output, blocks, into: &plan)
            return
        }
        let sums = RunningSums(
            count: blocks.count,
            stride: blocks.inner,
            isProduct: node.op == "CumProd",
            isExclusive: isExclusive,
            isReversed: isReversed
        )
        plan.step(node.name, chunks: blocks.outer, reads: [source], writes: [output], isExact: true)
        { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, block in
                let start = block * blocks.count * blocks.inner
                for column in start..<start + blocks.inner {
                    let x = from.position(in: arena).bytes + column * width
                    let y = to.position(in: arena).bytes + column * width
                    sums.run(kind, x, y)
                }
            }
        }
    }

    /// Floats along an axis that is not the last.
    private func lower(
        _ node: Node,
        _ source: ValueID,
        to output: ValueID,
        _ blocks: AxisBlocks,
        into plan: inout PlanBuilder
    ) {
        let geometry = RunningGeometry(
            count: blocks.count,
            inner: blocks.inner,
            isProduct: node.op == "CumProd" ? 1 : 0,
            isExclusive: isExclusive ? 1 : 0,
            isReversed: isReversed ? 1 : 0
        )
        let (kernels, name) = (plan.kernels, node.name)
        plan.step(name, chunks: blocks.chunks, reads: [source], writes: [output], isExact: true) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena), to.position(in: arena))
                blocks.forEach(in: chunk) { block, columns in
                    let start = block * blocks.size
                    kernels.cumulateColumns(geometry, x + start, into: y + start, columns: columns)
                }
            }
        }
    }
}
