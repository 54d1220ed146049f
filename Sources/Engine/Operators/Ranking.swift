import Compute
import Graph
import KernelInterface

/// Places and order of the numbers along an axis.
enum Ranking {
    static let operators: [any Operator.Type] = [
        ArgMax.self, ArgMin.self, TopK.self, CumSum.self, CumProd.self,
    ]
}

/// The place of the greatest or smallest number along an axis, as int64.
protocol ArgExtremeOperator: Operator {
    static var isMinimum: Bool { get }
    var places: ExtremePlaces { get }
}

struct ExtremePlaces: Sendable {
    let axis: Int
    let keepsAxis: Bool
    let takesLast: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
        keepsAxis = try attributes.flag("keepdims", default: true)
        takesLast = try attributes.flag("select_last_index", default: false)
    }
}

extension ArgExtremeOperator {
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        let axis = try normalised(places.axis, rank: shape.rank, node)
        let blocks = AxisBlocks(shape, axis: axis)
        guard blocks.count > 0, blocks.count < 1 << 31 else {
            throw .shape(node: node.name, reason: "axis \(axis) has \(blocks.count) elements")
        }
        var sizes = shape.dimensions
        if places.keepsAxis { sizes[axis] = 1 } else { sizes.remove(at: axis) }
        let output = try plan.define(node.outputs[0], Shape(sizes), .dense, type: .int64)
        let (kernels, kind, width) = (plan.kernels, plan[source].kind, plan[source].width)
        let (takesLast, isMinimum) = (places.takesLast, Self.isMinimum)
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

struct ArgMax: ArgExtremeOperator {
    static let name = "ArgMax"
    static let isMinimum = false
    let places: ExtremePlaces

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        places = try ExtremePlaces(&attributes)
    }
}

struct ArgMin: ArgExtremeOperator {
    static let name = "ArgMin"
    static let isMinimum = true
    let places: ExtremePlaces

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        places = try ExtremePlaces(&attributes)
    }
}

/// The k largest or smallest along an axis, with their indices; of equals the first.
struct TopK: Operator {
    static let name = "TopK"
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

/// Running sums or products along an axis.
protocol CumulatingOperator: Operator {
    static var isProduct: Bool { get }
    var order: CumulatedOrder { get }
}

struct CumulatedOrder: Sendable {
    let isExclusive: Bool
    let isReversed: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isExclusive = try attributes.flag("exclusive", default: false)
        isReversed = try attributes.flag("reverse", default: false)
    }
}

extension CumulatingOperator {
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
        let sums = RunningSums(
            count: blocks.count,
            stride: blocks.inner,
            isProduct: Self.isProduct,
            isExclusive: order.isExclusive,
            isReversed: order.isReversed
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
}

struct CumSum: CumulatingOperator {
    static let name = "CumSum"
    static let isProduct = false
    let order: CumulatedOrder

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        order = try CumulatedOrder(&attributes)
    }
}

struct CumProd: CumulatingOperator {
    static let name = "CumProd"
    static let isProduct = true
    let order: CumulatedOrder

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        order = try CumulatedOrder(&attributes)
    }
}
