import Graph

/// Broadcasting before opset 7: the second operand's axes are those of the first from `axis` on.
struct LegacyBroadcast: Sendable {
    private let broadcasts: Bool
    private let axis: Int?

    /// nil from opset 7 on, and for operators that never had it.
    init?(_ attributes: inout AttributeReader) throws(ModelError) {
        let ops = [
            "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Greater", "Less", "Equal",
        ]
        guard attributes.opset < 7, ops.contains(attributes.op) else { return nil }
        broadcasts = try attributes.flag("broadcast", default: false)
        axis = try attributes.optionalInt("axis")
        _ = try attributes.ints("consumed_inputs")
    }

    func aligned(
        _ other: [Int],
        with shape: Shape,
        _ operands: Operands
    ) throws(ModelError) -> [Int] {
        guard broadcasts, let axis else { return other }
        let first = try operands.axis(axis, rank: max(shape.rank, 1))
        let rest = shape.rank - first - other.count
        guard rest >= 0 else { throw operands.fail("axis \(axis) leaves no room for \(other)") }
        return other + Array(repeating: 1, count: rest)
    }
}
