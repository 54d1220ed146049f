/// y = x · scale + shift, both 16 lanes wide.
func scaleShift(
    _ x: Floats,
    _ scale: Floats,
    _ shift: Floats,
    _ y: MutableFloats,
    _ vectors: Int
) {
    let scale = load(scale)
    let shift = load(shift)
    for index in 0..<vectors {
        store(multiplyAdd(shift, load(x + index &* 16), scale), y + index &* 16)
    }
}

/// y = a + b.
func add(_ a: Floats, _ b: Floats, _ y: MutableFloats, _ count: Int) {
    combine(Sum.self, a, b, y, count)
}

/// y = a · b.
func multiply(_ a: Floats, _ b: Floats, _ y: MutableFloats, _ count: Int) {
    combine(Product.self, a, b, y, count)
}

private protocol VectorOperation {
    static func apply(_ a: Vector, _ b: Vector) -> Vector
}

private enum Sum: VectorOperation {
    @inline(always)
    static func apply(_ a: Vector, _ b: Vector) -> Vector { a + b }
}

private enum Product: VectorOperation {
    @inline(always)
    static func apply(_ a: Vector, _ b: Vector) -> Vector { a * b }
}

@inline(always)
private func combine<Operation: VectorOperation>(
    _: Operation.Type,
    _ a: Floats,
    _ b: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index &+ 16 <= count {
        store(Operation.apply(load(a + index), load(b + index)), y + index)
        index &+= 16
    }
    let rest = count &- index
    if rest > 0 {
        let result = Operation.apply(load(a + index, count: rest), load(b + index, count: rest))
        store(result, y + index, count: rest)
    }
}
