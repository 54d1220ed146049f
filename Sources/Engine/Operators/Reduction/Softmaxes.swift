import Compute
import Glibc
import Graph

extension Families {
    static let softmaxes: [String: DeclaredOperator] = [
        "Softmax": .init(Exponentials.self, takes: 1...1, gives: 1...1),
        "LogSoftmax": .init(Exponentials.self, takes: 1...1, gives: 1...1),
        "Hardmax": .init(Exponentials.self, takes: 1...1, gives: 1...1),
    ]
}

/// Softmax, LogSoftmax and Hardmax: along one axis since opset 13, over all axes from it on before.
struct Exponentials: PlannedOperator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    private let axis: Int
    private let flattens: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        flattens = attributes.opset < 13
        axis = try attributes.int("axis", default: flattens ? 1 : -1)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let values = try operands.floats(0)
        let rank = input.shape.rank
        let axis = flattens && axis == rank ? rank : try operands.axis(axis, rank: rank)
        let axes = flattens ? Set(axis..<rank) : [axis]
        var result = values
        for places in try ReductionWalk(input.shape, axes: axes, operands).places {
            let group = normalise(places.map { values[$0] }, operands.node.op)
            for (index, place) in places.enumerated() { result[place] = group[index] }
        }
        return [try operands.result(input.shape.dimensions, result, input.type)]
    }

    private func normalise(_ values: [Double], _ op: String) -> [Double] {
        guard let largest = values.max() else { return [] }
        if op == "Hardmax" {
            let best = values.firstIndex(of: largest)
            return values.indices.map { $0 == best ? 1 : 0 }
        }
        let exponentials = values.map { exp($0 - largest) }
        let sum = exponentials.reduce(0, +)
        guard op == "LogSoftmax" else { return exponentials.map { $0 / sum } }
        return values.map { $0 - largest - log(sum) }
    }

    /// Rows are normalised where they lie, other axes down columns.
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let isLogarithm = node.op == "LogSoftmax"
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let shape = plan.shape(of: source)
        let blocks = try blocks(node, shape)
        let output = try plan.define(node.outputs[0], shape, .dense)
        let (kernels, isHard) = (plan.kernels, node.op == "Hardmax")
        plan.step(
            node.name,
            chunks: blocks.chunks,
            reads: [source],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena), to.position(in: arena))
                blocks.forEach(in: chunk) { block, columns in
                    let start = block * blocks.size
                    if isHard {
                        for column in columns { blocks.mark(x + start, column, into: y + start) }
                    } else if blocks.inner == 1 {
                        kernels.softmax(
                            x + start,
                            into: y + start,
                            count: blocks.count,
                            isLogarithm: isLogarithm
                        )
                    } else {
                        kernels.softmax(
                            x + start,
                            count: blocks.count,
                            inner: blocks.inner,
                            into: y + start,
                            columns: columns,
                            isLogarithm: isLogarithm
                        )
                    }
                }
            }
        }
    }

    private func blocks(_ node: Node, _ shape: Shape) throws(ModelError) -> AxisBlocks {
        if flattens, axis == shape.rank {
            return AxisBlocks(outer: shape.count, count: 1, inner: 1)
        }
        let axis = try normalised(axis, rank: shape.rank, node)
        guard flattens else { return AxisBlocks(shape, axis: axis) }
        return AxisBlocks(
            outer: shape.dimensions[..<axis].reduce(1, *),
            count: shape.dimensions[axis...].reduce(1, *),
            inner: 1
        )
    }
}

extension AxisBlocks {
    /// 1 where the first of a column's largest numbers is, 0 elsewhere.
    fileprivate func mark(_ x: FloatPosition, _ column: Int, into y: FloatPosition) {
        var best = column
        for place in stride(from: column, to: size, by: inner) {
            if x[place] > x[best] { best = place }
            y[place] = 0
        }
        y[best] = 1
    }
}
