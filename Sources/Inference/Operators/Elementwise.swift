import Compute

/// Arithmetic on two tensors with NumPy's broadcasting.
enum Elementwise {
    static let operators: [any Operator.Type] = [Add.self, Mul.self]
}

/// a + b.
struct Add: Operator {
    static let name = "Add"

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try ElementwiseLowering(node: node, operation: .sum).lower(into: &plan)
    }
}

/// a · b.
struct Mul: Operator {
    static let name = "Mul"

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try ElementwiseLowering(node: node, operation: .product).lower(into: &plan)
    }
}

private struct ElementwiseLowering {
    let node: Node
    let operation: BinaryOperation

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let left = try plan.input(node, 0)
        let right = try plan.input(node, 1)
        if plan.shape(of: left) == plan.shape(of: right) {
            try same(left, right, into: &plan)
        } else {
            try broadcast(left, right, into: &plan)
        }
    }

    /// Equal shapes: in the layout the left operand has.
    private func same(
        _ left: ValueID,
        _ right: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let layout = plan[left].layout
        let right = try plan.value(right, as: layout)
        let output = try plan.define(node.outputs[0], plan.shape(of: left), layout)
        let runs = Runs(plan[left])
        let (kernels, operation) = (plan.kernels, operation)
        plan.step(
            node.name,
            chunks: runs.chunks,
            reads: [left, right],
            writes: [output],
            planes: runs.planes
        ) { placement in
            let (a, b, to) = (placement[left], placement[right], placement[output])
            return { arena, chunk in
                let first = a.position(in: arena)
                let second = b.position(in: arena)
                let result = to.position(in: arena)
                runs.forEach(in: chunk, (a, b, to)) { offset in
                    let (x, y, z) = (first + offset.0, second + offset.1, result + offset.2)
                    kernels.combine(operation, x, y, into: z, count: runs.length)
                }
            }
        }
    }

    /// Different shapes: row-major, one element at a time along broadcast strides.
    private func broadcast(
        _ left: ValueID,
        _ right: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let left = try plan.value(left, as: .dense)
        let right = try plan.value(right, as: .dense)
        let shapes = (plan.shape(of: left), plan.shape(of: right))
        guard let shape = broadcastShape(shapes.0, shapes.1) else {
            throw .shape(node: node.name, reason: "\(shapes.0) and \(shapes.1) do not broadcast")
        }
        let output = try plan.define(node.outputs[0], shape, .dense)
        let walk = BroadcastWalk(shape, shapes.0, shapes.1)
        let isProduct = operation == .product
        plan.step(node.name, chunks: 1, reads: [left, right], writes: [output]) { placement in
            let (a, b, to) = (placement[left], placement[right], placement[output])
            return { arena, _ in
                let (first, second) = (a.position(in: arena), b.position(in: arena))
                let result = to.position(in: arena)
                walk.forEach { index, x, y in
                    result[index] = isProduct ? first[x] * second[y] : first[x] + second[y]
                }
            }
        }
    }
}

/// The shape two operands broadcast to, aligned at the last dimension; nil if they do not.
func broadcastShape(_ left: Shape, _ right: Shape) -> Shape? {
    let rank = max(left.rank, right.rank)
    var result = [Int](repeating: 1, count: rank)
    for axis in 1...max(rank, 1) where axis <= rank {
        let x = axis <= left.rank ? left[left.rank - axis] : 1
        let y = axis <= right.rank ? right[right.rank - axis] : 1
        guard x == y || x == 1 || y == 1 else { return nil }
        result[rank - axis] = x == 1 ? y : x
    }
    return Shape(result)
}

/// Visits a broadcast result in order with the index of either operand.
private struct BroadcastWalk: Sendable {
    private let shape: Shape
    private let left: [Int]
    private let right: [Int]

    init(_ shape: Shape, _ left: Shape, _ right: Shape) {
        self.shape = shape
        self.left = Self.strides(of: left, in: shape)
        self.right = Self.strides(of: right, in: shape)
    }

    /// 0 along dimensions that are repeated.
    private static func strides(of operand: Shape, in shape: Shape) -> [Int] {
        var strides = [Int](repeating: 0, count: shape.rank)
        var stride = 1
        for axis in operand.dimensions.indices.reversed() {
            let target = axis + shape.rank - operand.rank
            strides[target] = operand[axis] == 1 ? 0 : stride
            stride *= operand[axis]
        }
        return strides
    }

    func forEach(_ body: (_ index: Int, _ left: Int, _ right: Int) -> Void) {
        for index in 0..<shape.count {
            var (rest, x, y) = (index, 0, 0)
            for axis in shape.dimensions.indices.reversed() {
                let position = rest % shape[axis]
                rest /= shape[axis]
                x += position * left[axis]
                y += position * right[axis]
            }
            body(index, x, y)
        }
    }
}
