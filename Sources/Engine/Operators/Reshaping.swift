import Compute
import Graph

/// Operators that only rename or reorder elements.
enum Reshaping {
    static let operators: [any Operator.Type] = [
        Flatten.self, Reshape.self, Squeeze.self, Transpose.self,
    ]
}

/// [d0 … dn] to [d0 · … · d(axis−1), the rest].
struct Flatten: Operator {
    static let name = "Flatten"
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 1)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = try plan.typedShape(node, 0)
        let axis = axis == shape.rank ? axis : try normalised(axis, rank: shape.rank, node)
        let outer = shape.dimensions[..<axis].reduce(1, *)
        let inner = shape.dimensions[axis...].reduce(1, *)
        try rename(node, to: [outer, inner], into: &plan)
    }
}

/// To the shape in the second input: 0 keeps a dimension, one −1 takes what is left.
struct Reshape: Operator {
    static let name = "Reshape"
    private let allowsZero: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        allowsZero = try attributes.flag("allowzero", default: false)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = try plan.typedShape(node, 0)
        guard let wanted = plan.constant(node, 1)?.integers else {
            throw .shape(node: node.name, reason: "the shape must be a constant list of integers")
        }
        func fail() -> ModelError {
            .shape(node: node.name, reason: "\(shape) cannot be reshaped to \(wanted)")
        }
        guard wanted.allSatisfy({ $0 >= -1 && $0 <= 1 << 32 }) else { throw fail() }
        var target: [Int] = []
        for (axis, size) in wanted.enumerated() {
            if size == 0, !allowsZero {
                guard axis < shape.rank else { throw fail() }
                target.append(shape[axis])
            } else {
                target.append(size)
            }
        }
        if let free = target.firstIndex(of: -1) {
            target[free] = 1
            guard let known = Shape(target).checkedCount, known > 0, shape.count % known == 0 else {
                throw fail()
            }
            target[free] = shape.count / known
        }
        guard Shape(target).checkedCount == shape.count else { throw fail() }
        try rename(node, to: Shape(target), into: &plan)
    }
}

/// Removes the axes of size 1 that the second input names (all of them if it is absent).
struct Squeeze: PlainOperator {
    static let name = "Squeeze"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = try plan.typedShape(node, 0)
        var axes = Set(shape.dimensions.indices.filter { shape[$0] == 1 })
        if let named = plan.constant(node, 1)?.integers {
            axes = []
            for axis in named { axes.insert(try normalised(axis, rank: shape.rank, node)) }
        }
        guard axes.allSatisfy({ shape[$0] == 1 }) else {
            throw .shape(node: node.name, reason: "axes \(axes.sorted()) of \(shape) are not all 1")
        }
        let kept = shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] }
        try rename(node, to: Shape(kept), into: &plan)
    }
}

/// Rows of a matrix keep their layout as long as the last dimension stays.
private func rename(
    _ node: Node,
    to shape: Shape,
    into plan: inout PlanBuilder
) throws(ModelError) {
    guard var source = try plan.optionalTyped(node, 0) else {
        throw .shape(node: node.name, reason: "input 0 of \(node.op) is missing")
    }
    let keepsRows =
        plan[source].layout == .points
        && shape.dimensions.last == plan.shape(of: source).dimensions.last
    if !keepsRows { source = try plan.value(source, as: .dense) }
    _ = try plan.alias(node.outputs[0], of: source, shape: shape)
}
