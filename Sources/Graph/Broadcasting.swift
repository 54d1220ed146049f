/// The shape two operands broadcast to, aligned at the last dimension; nil if they do not.
package func broadcastShape(_ left: Shape, _ right: Shape) -> Shape? {
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

/// For every element of a broadcast result, the index of an operand's element.
///
/// nil stands for the identity.
package func broadcastOffsets(_ operand: [Int], to shape: [Int]) -> [Int]? {
    guard operand != shape else { return nil }
    return offsets(shape, strides: StrideWalk.strides(of: operand, in: shape))
}
