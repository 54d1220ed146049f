import KernelInterface

/// z = x ∘ y of integers.
func joinIntegers(
    _ function: IntegerFunction,
    _ kind: ElementKind,
    _ x: UnsafeRawPointer,
    _ xStep: Int,
    _ y: UnsafeRawPointer,
    _ yStep: Int,
    _ z: UnsafeMutableRawPointer,
    _ count: Int
) {
    switch kind {
    case .int64: join(function, Int64.self, x, xStep, y, yStep, z, count)
    case .int32, .float32: join(function, Int32.self, x, xStep, y, yStep, z, count)
    case .bool, .uInt8, .int8: joinBytes(function, x, xStep, y, yStep, z, count)
    }
}

@_transparent
private func join<Value: FixedWidthInteger>(
    _ function: IntegerFunction,
    _ type: Value.Type,
    _ x: UnsafeRawPointer,
    _ xStep: Int,
    _ y: UnsafeRawPointer,
    _ yStep: Int,
    _ z: UnsafeMutableRawPointer,
    _ count: Int
) {
    let (a, b, result) = (elements(x, type), elements(y, type), elements(z, type))
    switch function {
    case .add: pairs(WrappingSum<Value>(), a, xStep, b, yStep, result, count)
    case .subtract: pairs(WrappingDifference<Value>(), a, xStep, b, yStep, result, count)
    case .multiply: pairs(WrappingProduct<Value>(), a, xStep, b, yStep, result, count)
    case .divide: pairs(WholeQuotient<Value>(), a, xStep, b, yStep, result, count)
    case .modulo: pairs(Modulo<Value>(), a, xStep, b, yStep, result, count)
    case .remainder: pairs(WholeRemainder<Value>(), a, xStep, b, yStep, result, count)
    case .maximum: pairs(Greater<Value>(), a, xStep, b, yStep, result, count)
    case .minimum: pairs(Smaller<Value>(), a, xStep, b, yStep, result, count)
    case .and: pairs(And<Value>(), a, xStep, b, yStep, result, count)
    case .or: pairs(Or<Value>(), a, xStep, b, yStep, result, count)
    case .exclusiveOr: pairs(ExclusiveOr<Value>(), a, xStep, b, yStep, result, count)
    }
}

/// Truth values: the greater of two is their Or.
private func joinBytes(
    _ function: IntegerFunction,
    _ x: UnsafeRawPointer,
    _ xStep: Int,
    _ y: UnsafeRawPointer,
    _ yStep: Int,
    _ z: UnsafeMutableRawPointer,
    _ count: Int
) {
    let (a, b) = (elements(x, UInt8.self), elements(y, UInt8.self))
    let result = elements(z, UInt8.self)
    switch function {
    case .or, .maximum: pairs(Or<UInt8>(), a, xStep, b, yStep, result, count)
    case .exclusiveOr: pairs(ExclusiveOr<UInt8>(), a, xStep, b, yStep, result, count)
    default: pairs(And<UInt8>(), a, xStep, b, yStep, result, count)
    }
}

private struct WrappingSum<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a &+ b }
}

private struct WrappingDifference<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a &- b }
}

private struct WrappingProduct<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a &* b }
}

private struct WholeQuotient<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value {
        if b == 0 { return 0 }
        // The smallest number divided by −1 wraps.
        return b == ~0 ? 0 &- a : a.quotientAndRemainder(dividingBy: b).quotient
    }
}

@_transparent
private func remainder<Value: FixedWidthInteger>(_ a: Value, _ b: Value) -> Value {
    b == 0 || b == ~0 ? 0 : a.quotientAndRemainder(dividingBy: b).remainder
}

private struct Modulo<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value {
        let rest = remainder(a, b)
        return rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
    }
}

private struct WholeRemainder<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { remainder(a, b) }
}

private struct Greater<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a > b ? a : b }
}

private struct Smaller<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a < b ? a : b }
}

private struct And<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a & b }
}

private struct Or<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a | b }
}

private struct ExclusiveOr<Value: FixedWidthInteger>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> Value { a ^ b }
}

/// y = f(x) of integers.
func mapIntegers(
    _ function: IntegerMap,
    _ kind: ElementKind,
    _ x: UnsafeRawPointer,
    _ y: UnsafeMutableRawPointer,
    _ count: Int
) {
    switch kind {
    case .int64: map(function, Int64.self, x, y, count)
    case .int32, .float32: map(function, Int32.self, x, y, count)
    case .bool, .uInt8, .int8: map(function, UInt8.self, x, y, count)
    }
}

@inline(never)
private func map<Value: FixedWidthInteger>(
    _ function: IntegerMap,
    _ type: Value.Type,
    _ x: UnsafeRawPointer,
    _ y: UnsafeMutableRawPointer,
    _ count: Int
) {
    let (a, result) = (elements(x, type), elements(y, type))
    switch function {
    case .negate: each(a, result, count) { 0 &- $0 }
    case .magnitude: each(a, result, count) { $0 < 0 ? 0 &- $0 : $0 }
    case .sign: each(a, result, count) { ($0 > 0 ? 1 : 0) &- ($0 < 0 ? 1 : 0) }
    case .positive: each(a, result, count) { $0 < 0 ? 0 : $0 }
    case .complement: each(a, result, count) { ~$0 }
    case .not: each(a, result, count) { $0 ^ 1 }
    }
}

@_transparent
private func each<Value, Result>(
    _ x: UnsafePointer<Value>,
    _ y: UnsafeMutablePointer<Result>,
    _ count: Int,
    _ function: (Value) -> Result
) {
    var index = 0
    while index < count {
        y[index] = function(x[index])
        index &+= 1
    }
}

/// Joins integers, `stride` apart, into one.
func foldIntegers(
    _ function: IntegerFunction,
    _ kind: ElementKind,
    _ x: UnsafeRawPointer,
    _ stride: Int,
    _ y: UnsafeMutableRawPointer,
    _ count: Int
) {
    switch kind {
    case .int64: fold(function, Int64.self, x, stride, y, count)
    case .int32, .float32: fold(function, Int32.self, x, stride, y, count)
    case .bool, .uInt8, .int8: fold(function, UInt8.self, x, stride, y, count)
    }
}

@inline(never)
private func fold<Value: FixedWidthInteger>(
    _ function: IntegerFunction,
    _ type: Value.Type,
    _ x: UnsafeRawPointer,
    _ stride: Int,
    _ y: UnsafeMutableRawPointer,
    _ count: Int
) {
    guard count > 0 else { return }
    let source = elements(x, type)
    var result = source[0]
    var index = 1
    while index < count {
        let next = source[index &* stride]
        switch function {
        case .multiply: result = result &* next
        case .maximum: result = next > result ? next : result
        case .minimum: result = next < result ? next : result
        default: result = result &+ next
        }
        index &+= 1
    }
    elements(y, type)[0] = result
}

/// Numbers of one kind to another.
func convertElements(
    _ from: ElementKind,
    _ to: ElementKind,
    _ x: UnsafeRawPointer,
    _ y: UnsafeMutableRawPointer,
    _ count: Int
) {
    switch from {
    case .float32: convertFloats(to, elements(x, Float.self), y, count)
    case .int32: convert(to, elements(x, Int32.self), y, count)
    case .int64: convert(to, elements(x, Int64.self), y, count)
    case .bool, .uInt8: convert(to, elements(x, UInt8.self), y, count)
    case .int8: convert(to, elements(x, Int8.self), y, count)
    }
}

@inline(never)
private func convertFloats(
    _ to: ElementKind,
    _ x: Floats,
    _ y: UnsafeMutableRawPointer,
    _ count: Int
) {
    switch to {
    case .float32: each(x, elements(y, Float.self), count) { $0 }
    case .int32:
        each(x, elements(y, Int32.self), count) { Int32(truncatingIfNeeded: striate_truncate($0)) }
    case .int64: each(x, elements(y, Int64.self), count) { striate_truncate($0) }
    case .bool: each(x, elements(y, UInt8.self), count) { $0 != 0 ? 1 : 0 }
    case .uInt8, .int8:
        each(x, elements(y, UInt8.self), count) { UInt8(truncatingIfNeeded: striate_truncate($0)) }
    }
}

@inline(never)
private func convert<Value: FixedWidthInteger>(
    _ to: ElementKind,
    _ x: UnsafePointer<Value>,
    _ y: UnsafeMutableRawPointer,
    _ count: Int
) {
    switch to {
    // Of 64 bits a double first, as by definition.
    case .float32: each(x, elements(y, Float.self), count) { Float(Double($0)) }
    case .int32: each(x, elements(y, Int32.self), count) { Int32(truncatingIfNeeded: $0) }
    case .int64: each(x, elements(y, Int64.self), count) { Int64(truncatingIfNeeded: $0) }
    case .bool: each(x, elements(y, UInt8.self), count) { $0 != 0 ? 1 : 0 }
    case .uInt8, .int8:
        each(x, elements(y, UInt8.self), count) { UInt8(truncatingIfNeeded: $0) }
    }
}
