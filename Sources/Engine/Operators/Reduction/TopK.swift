import Compute
import Graph
import KernelInterface

extension Families {
    static let rankings: [String: DeclaredOperator] = [
        "TopK": .init(TopK.self, takes: 1...2, gives: 1...2)
    ]
}

/// The k largest or smallest along an axis, with their indices; of equals the first.
struct TopK: PlannedOperator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    private let axis: Int
    private let takesLargest: Bool
    private let count: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        takesLargest = try attributes.flag("largest", default: true)
        // Sorted answers serve those who do not ask for an order too.
        _ = try attributes.flag("sorted", default: true)
        count = attributes.opset < 10 ? try attributes.int("k", default: -1) : nil
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var shape = input.shape.dimensions
        let axis = try operands.axis(axis, rank: shape.count)
        let k = try count.or(operands.optionalInteger(1) ?? -1)
        guard k >= 0, k <= shape[axis] else {
            throw operands.fail("k is \(k), axis \(axis) has \(shape[axis]) elements")
        }
        // Each group has lists of its own.
        _ = try operands.count(shape + [2])
        let walk = try ReductionWalk(input.shape, axes: [axis], operands)
        let ranks: [[Int]] =
            switch try operands.numbers(0) {
            case .floats(let values): ranked(values, walk)
            case .signed(let values): ranked(values, walk)
            case .unsigned(let values): ranked(values, walk)
            }
        let places = Array(walk.places)
        let inner = shape[(axis + 1)...].reduce(1, *)
        shape[axis] = k
        var sources = [Int](repeating: 0, count: Shape(shape).count)
        var indices = sources
        for (group, rank) in ranks.enumerated() {
            let base = group / inner * inner * k + group % inner
            for (order, index) in rank.prefix(k).enumerated() {
                sources[base + order * inner] = places[group][index]
                indices[base + order * inner] = index
            }
        }
        return [
            input.picking(sources, shape: shape), Tensor(shape: Shape(shape), integers: indices),
        ]
    }

    /// For each group, the indices of its elements, the best first.
    private func ranked<Value: Comparable>(
        _ values: [Value],
        _ walk: ReductionWalk
    ) -> [[Int]] {
        walk.groups(values).map { group in
            group.indices.sorted { first, second in
                if group[first] == group[second] { return first < second }
                return takesLargest ? group[first] > group[second] : group[first] < group[second]
            }
        }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        let axis = try normalised(axis, rank: shape.rank, node)
        guard let k = count ?? plan.constant(node, 1)?.elements.signed?.first, k >= 1,
            k <= shape[axis]
        else { throw .shape(node: node.name, reason: "TopK is planned with a constant k") }
        let blocks = AxisBlocks(shape, axis: axis)
        let (type, width, kind) = (plan[source].type, plan[source].width, plan[source].kind)
        guard type == .float32 || type.isPlannedInteger else {
            throw .shape(node: node.name, reason: "TopK of \(type.rawValue) is not planned")
        }
        var sizes = shape.dimensions
        sizes[axis] = k
        func name(_ output: Int) -> String {
            output < node.outputs.count ? node.outputs[output] : ""
        }
        let values = try plan.define(name(0), Shape(sizes), .dense, type: type)
        let indices = try plan.define(name(1), Shape(sizes), .dense, type: .int64)
        let heap = try plan.workerScratch(2 * k)
        // What a heap of k costs for each number.
        plan.count(shape.count * (Int.bitWidth - k.leadingZeroBitCount), for: node)
        let ranking = TopRanking(count: blocks.count, stride: blocks.inner, k: k, takesLargest)
        plan.step(
            node.name,
            chunks: blocks.outer,
            reads: [source],
            writes: [values, indices, heap],
            isExact: true
        ) { placement in
            let (from, scratch) = (placement[source], placement[heap])
            let (first, second) = (placement[values], placement[indices])
            return { arena, block in
                let room = scratch.position(in: arena).bytes
                for column in 0..<blocks.inner {
                    let start = block * blocks.count * blocks.inner + column
                    let target = block * k * blocks.inner + column
                    ranking.rank(
                        kind,
                        from.position(in: arena).bytes + start * width,
                        heap: room,
                        values: first.position(in: arena).bytes + target * width,
                        indices: second.position(in: arena).bytes + target * 8
                    )
                }
            }
        }
    }
}
