/// The strides of a row-major tensor; of a shape that no tensor has they may be wrong, but are there.
package func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
        strides[axis] = strides[axis + 1] &* shape[axis + 1]
    }
    return strides
}

/// `offset` + Σ position · stride of every element of `shape` in order: where a result's elements come from.
package func offsets(_ shape: [Int], strides: [Int], offset: Int = 0) -> [Int] {
    let count = shape.reduce(1, *)
    guard count > 0 else { return [] }
    var result: [Int] = []
    result.reserveCapacity(count)
    var position = [Int](repeating: 0, count: shape.count)
    var current = offset
    while true {
        result.append(current)
        var axis = shape.count - 1
        while axis >= 0 {
            position[axis] += 1
            current += strides[axis]
            if position[axis] < shape[axis] { break }
            current -= strides[axis] * shape[axis]
            position[axis] = 0
            axis -= 1
        }
        if axis < 0 { return result }
    }
}
