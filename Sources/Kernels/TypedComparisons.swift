import KernelInterface

// Loops over single elements, which the optimiser turns into vectors of this module's width.

/// z = x is so to y, as bytes of 0 and 1.
func compareElements(
    _ relation: Relation,
    _ kind: ElementKind,
    _ x: UnsafeRawPointer,
    _ xStep: Int,
    _ y: UnsafeRawPointer,
    _ yStep: Int,
    _ z: UnsafeMutablePointer<UInt8>,
    _ count: Int
) {
    switch kind {
    case .float32: compare(relation, Float.self, x, xStep, y, yStep, z, count)
    case .int32: compare(relation, Int32.self, x, xStep, y, yStep, z, count)
    case .int64: compare(relation, Int64.self, x, xStep, y, yStep, z, count)
    case .bool, .uInt8: compare(relation, UInt8.self, x, xStep, y, yStep, z, count)
    case .int8: compare(relation, Int8.self, x, xStep, y, yStep, z, count)
    }
}

@_transparent
private func compare<Value: Comparable>(
    _ relation: Relation,
    _ type: Value.Type,
    _ x: UnsafeRawPointer,
    _ xStep: Int,
    _ y: UnsafeRawPointer,
    _ yStep: Int,
    _ z: UnsafeMutablePointer<UInt8>,
    _ count: Int
) {
    let (a, b) = (elements(x, type), elements(y, type))
    switch relation {
    case .equal: pairs(Equals<Value>(), a, xStep, b, yStep, z, count)
    case .less: pairs(Less<Value>(), a, xStep, b, yStep, z, count)
    case .lessOrEqual: pairs(LessOrEqual<Value>(), a, xStep, b, yStep, z, count)
    }
}

/// What is made of two elements.
protocol PairFunction {
    associatedtype Value
    associatedtype Result
    func callAsFunction(_ a: Value, _ b: Value) -> Result
}

private struct Equals<Value: Comparable>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> UInt8 { a == b ? 1 : 0 }
}

private struct Less<Value: Comparable>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> UInt8 { a < b ? 1 : 0 }
}

private struct LessOrEqual<Value: Comparable>: PairFunction {
    @_transparent
    func callAsFunction(_ a: Value, _ b: Value) -> UInt8 { a <= b ? 1 : 0 }
}

/// A function of its own for every loop; the steps are told apart once.
@inline(never)
func pairs<Function: PairFunction>(
    _ function: Function,
    _ x: UnsafePointer<Function.Value>,
    _ xStep: Int,
    _ y: UnsafePointer<Function.Value>,
    _ yStep: Int,
    _ z: UnsafeMutablePointer<Function.Result>,
    _ count: Int
) {
    guard count > 0 else { return }
    var index = 0
    if xStep == 0 {
        let number = x[0]
        while index < count {
            z[index] = function(number, y[index &* yStep])
            index &+= 1
        }
    } else if yStep == 0 {
        let number = y[0]
        while index < count {
            z[index] = function(x[index], number)
            index &+= 1
        }
    } else {
        while index < count {
            z[index] = function(x[index], y[index])
            index &+= 1
        }
    }
}

/// Whether numbers are NaN or infinite.
func classify(_ test: FloatTest, _ x: Floats, _ z: UnsafeMutablePointer<UInt8>, _ count: Int) {
    var index = 0
    switch test {
    case .naN:
        while index < count {
            z[index] = x[index] != x[index] ? 1 : 0
            index &+= 1
        }
    case .infinite:
        while index < count {
            z[index] = x[index].magnitude == .infinity ? 1 : 0
            index &+= 1
        }
    case .positiveInfinity:
        while index < count {
            z[index] = x[index] == .infinity ? 1 : 0
            index &+= 1
        }
    case .negativeInfinity:
        while index < count {
            z[index] = x[index] == -.infinity ? 1 : 0
            index &+= 1
        }
    }
}

/// z = condition ? x : y of elements of `width` bytes.
func selectElements(
    _ width: Int,
    _ condition: UnsafePointer<UInt8>,
    _ step: Int,
    _ x: UnsafeRawPointer,
    _ xStep: Int,
    _ y: UnsafeRawPointer,
    _ yStep: Int,
    _ z: UnsafeMutableRawPointer,
    _ count: Int
) {
    switch width {
    case 1: select(UInt8.self, condition, step, x, xStep, y, yStep, z, count)
    case 4: select(UInt32.self, condition, step, x, xStep, y, yStep, z, count)
    default: select(UInt64.self, condition, step, x, xStep, y, yStep, z, count)
    }
}

@inline(never)
private func select<Value: FixedWidthInteger>(
    _ type: Value.Type,
    _ condition: UnsafePointer<UInt8>,
    _ step: Int,
    _ x: UnsafeRawPointer,
    _ xStep: Int,
    _ y: UnsafeRawPointer,
    _ yStep: Int,
    _ z: UnsafeMutableRawPointer,
    _ count: Int
) {
    guard count > 0 else { return }
    let (a, b, result) = (elements(x, type), elements(y, type), elements(z, type))
    if step == 0 {
        let (source, sourceStep) = condition[0] != 0 ? (a, xStep) : (b, yStep)
        return repeated(source, sourceStep, result, count)
    }
    var index = 0
    switch (xStep, yStep) {
    case (0, 0):
        let (first, second) = (a[0], b[0])
        while index < count {
            result[index] = condition[index] != 0 ? first : second
            index &+= 1
        }
    case (0, _):
        let first = a[0]
        while index < count {
            let second = b[index]
            result[index] = condition[index] != 0 ? first : second
            index &+= 1
        }
    case (_, 0):
        let second = b[0]
        while index < count {
            let first = a[index]
            result[index] = condition[index] != 0 ? first : second
            index &+= 1
        }
    default:
        while index < count {
            let (first, second) = (a[index], b[index])
            result[index] = condition[index] != 0 ? first : second
            index &+= 1
        }
    }
}

@_transparent
private func repeated<Value>(
    _ x: UnsafePointer<Value>,
    _ step: Int,
    _ y: UnsafeMutablePointer<Value>,
    _ count: Int
) {
    var index = 0
    if step == 0 {
        let number = x[0]
        while index < count {
            y[index] = number
            index &+= 1
        }
    } else {
        while index < count {
            y[index] = x[index]
            index &+= 1
        }
    }
}
