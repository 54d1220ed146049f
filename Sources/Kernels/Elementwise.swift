import KernelInterface

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
    combine(Sum(), a, b, y, count)
}

/// y = a · b.
func multiply(_ a: Floats, _ b: Floats, _ y: MutableFloats, _ count: Int) {
    combine(Product(), a, b, y, count)
}

/// z = x ∘ y; either operand advances or is one number for all: a step of 1 or 0.
func join(
    _ function: BinaryFunction,
    _ x: Floats,
    _ xStep: Int,
    _ y: Floats,
    _ yStep: Int,
    _ z: MutableFloats,
    _ count: Int
) {
    guard count > 0 else { return }
    switch function {
    case .add: combine(Sum(), x, xStep, y, yStep, z, count)
    case .subtract: combine(Difference(), x, xStep, y, yStep, z, count)
    case .multiply: combine(Product(), x, xStep, y, yStep, z, count)
    case .divide: combine(Ratio(), x, xStep, y, yStep, z, count)
    case .maximum: combine(Maximum(), x, xStep, y, yStep, z, count)
    case .minimum: combine(Minimum(), x, xStep, y, yStep, z, count)
    case .power:
        if yStep == 0 && xStep == 1 {
            power(y[0], x, z, count)
        } else {
            combine(Power(), x, xStep, y, yStep, z, count)
        }
    case .pRelu: combine(PRelu(), x, xStep, y, yStep, z, count)
    case .remainder: remainder(x, xStep, y, yStep, z, count)
    }
}

private protocol VectorOperation {
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector
}

private struct Sum: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a + b }
}

private struct Difference: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a - b }
}

private struct Product: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a * b }
}

private struct Ratio: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a / b }
}

private struct Maximum: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector {
        b.replacing(with: a, where: (a .> b) .| (a .!= a))
    }
}

private struct Minimum: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector {
        b.replacing(with: a, where: (a .< b) .| (a .!= a))
    }
}

private struct Power: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { power(a, b) }
}

private struct PRelu: VectorOperation {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector {
        a.replacing(with: a * b, where: a .< 0)
    }
}

/// Sixteen elements at a time; the steps are told apart once, so that a number for all stays in a register.
@inline(never)
private func combine<Operation: VectorOperation>(
    _ operation: Operation,
    _ x: Floats,
    _ xStep: Int,
    _ y: Floats,
    _ yStep: Int,
    _ z: MutableFloats,
    _ count: Int
) {
    if xStep == 0 {
        let number = splat(x[0])
        if yStep == 0 {
            let result = operation(number, splat(y[0]))[0]
            for index in 0..<count { z[index] = result }
        } else {
            map(AfterNumber(operation: operation, number: number), y, z, count)
        }
    } else if yStep == 0 {
        map(BeforeNumber(operation: operation, number: splat(y[0])), x, z, count)
    } else {
        combine(operation, x, y, z, count)
    }
}

private struct AfterNumber<Operation: VectorOperation>: VectorFunction {
    let operation: Operation
    let number: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { operation(number, x) }
}

private struct BeforeNumber<Operation: VectorOperation>: VectorFunction {
    let operation: Operation
    let number: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { operation(x, number) }
}

@_transparent
private func combine<Operation: VectorOperation>(
    _ operation: Operation,
    _ a: Floats,
    _ b: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index &+ 16 <= count {
        store(operation(load(a + index), load(b + index)), y + index)
        index &+= 16
    }
    let rest = count &- index
    if rest > 0 {
        let result = operation(load(a + index, count: rest), load(b + index, count: rest))
        store(result, y + index, count: rest)
    }
}

/// One by one: a remainder is a long division, bit by bit.
@inline(never)
private func remainder(
    _ x: Floats,
    _ xStep: Int,
    _ y: Floats,
    _ yStep: Int,
    _ z: MutableFloats,
    _ count: Int
) {
    for index in 0..<count {
        z[index] = remainder(x[index &* xStep], y[index &* yStep])
    }
}

/// x − y · trunc(x / y) without an error.
@_transparent
private func remainder(_ x: Float, _ y: Float) -> Float {
    let divisor = Double(y.magnitude)
    var rest = Double(x.magnitude)
    guard rest < .infinity, divisor > 0 else { return .nan }
    while rest >= divisor {
        // 2ⁿ · divisor, at most the rest and more than half of it: the difference is exact.
        let steps = (rest.bitPattern &- divisor.bitPattern) & 0x7FF0_0000_0000_0000
        rest -= Double(bitPattern: divisor.bitPattern &+ steps)
    }
    let result = Float(rest)
    return x.bitPattern >> 31 == 1 ? -result : result
}
