import Graph

/// A tensor's numbers in the widest type of their kind, in which evaluated operators compute.
///
/// Sums and products of float32 are exact or nearly so in 64 bits and are rounded once.
enum Numbers {
    case floats([Double])
    case signed([Int])
    case unsigned([UInt64])
}

extension Tensor.Elements {
    /// Numbers of any type; truth values as 0 and 1; nil for texts.
    var numbers: Numbers? {
        switch self {
        case .floats(let values): .floats(values.map { Double($0) })
        case .doubles(let values): .floats(values)
        case .halves(let values): .floats(values.map { Double($0) })
        case .bfloats(let values): .floats(values.map { Double($0.float) })
        case .uint64(let values): .unsigned(values)
        default: signed.map { .signed($0) }
        }
    }

    /// Integers or truth values; nil for all other types.
    var signed: [Int]? {
        switch self {
        case .integers(let values): values
        case .int32(let values): values.map { Int($0) }
        case .int16(let values): values.map { Int($0) }
        case .int8(let values): values.map { Int($0) }
        case .uint64(let values): values.map { Int(clamping: $0) }
        case .uint32(let values): values.map { Int($0) }
        case .uint16(let values): values.map { Int($0) }
        case .uint8(let values): values.map { Int($0) }
        case .booleans(let values): values.map { $0 ? 1 : 0 }
        case .floats, .doubles, .halves, .bfloats, .strings: nil
        }
    }

    /// Numbers of any type as doubles; nil for texts.
    var doubles: [Double]? {
        switch numbers {
        case .floats(let values): values
        case .signed(let values): values.map { Double($0) }
        case .unsigned(let values): values.map { Double($0) }
        case nil: nil
        }
    }

    /// Rounds to `type`, an element type of floats; nil for another.
    init?(_ values: [Double], as type: ElementType) {
        switch type {
        case .float32: self = .floats(values.map { Float($0) })
        case .float64: self = .doubles(values)
        case .float16: self = .halves(values.map { Float16($0) })
        case .bfloat16: self = .bfloats(values.map { BFloat16(rounding: $0) })
        default: return nil
        }
    }

    /// Wraps to the width of `type`, an element type of integers, or says what is not 0; nil for another.
    init?(_ values: [Int], as type: ElementType) {
        switch type {
        case .int64: self = .integers(values)
        case .int32: self = .int32(values.map { Int32(truncatingIfNeeded: $0) })
        case .int16: self = .int16(values.map { Int16(truncatingIfNeeded: $0) })
        case .int8: self = .int8(values.map { Int8(truncatingIfNeeded: $0) })
        case .uint64: self = .uint64(values.map { UInt64(truncatingIfNeeded: $0) })
        case .uint32: self = .uint32(values.map { UInt32(truncatingIfNeeded: $0) })
        case .uint16: self = .uint16(values.map { UInt16(truncatingIfNeeded: $0) })
        case .uint8: self = .uint8(values.map { UInt8(truncatingIfNeeded: $0) })
        case .bool: self = .booleans(values.map { $0 != 0 })
        case .float32, .float64, .float16, .bfloat16, .string: return nil
        }
    }

    /// The numbers in `type` of their own kind; nil for another.
    init?(_ numbers: Numbers, as type: ElementType) {
        switch numbers {
        case .floats(let values): self.init(values, as: type)
        case .signed(let values): self.init(values, as: type)
        case .unsigned(let values):
            guard type == .uint64 else { return nil }
            self = .uint64(values)
        }
    }
}

extension ElementType {
    package var isFloat: Bool {
        switch self {
        case .float32, .float64, .float16, .bfloat16: true
        default: false
        }
    }

    var isInteger: Bool { !isFloat && self != .bool && self != .string }

    /// The range of an integer type that fits into `Int`.
    var integerRange: ClosedRange<Int> {
        switch self {
        case .int8: -128...127
        case .uint8: 0...255
        case .int16: -32_768...32_767
        case .uint16: 0...65_535
        case .int32: Int(Int32.min)...Int(Int32.max)
        case .uint32: 0...Int(UInt32.max)
        case .uint64: 0...Int.max
        default: Int.min...Int.max
        }
    }
}

extension BFloat16 {
    /// Rounds once: the float between is rounded to odd, so that no tie arises on the way.
    init(rounding value: Double) {
        var float = Float(value)
        if !float.isNaN, !float.isInfinite, Double(float) != value {
            if abs(Double(float)) > abs(value) {
                float = Float(bitPattern: float.bitPattern &- 1)
            }
            float = Float(bitPattern: float.bitPattern | 1)
        }
        self.init(float)
    }
}

extension Operands {
    /// The numbers of an input of floats.
    func floats(_ index: Int) throws(ModelError) -> [Double] {
        let tensor = try self(index)
        guard tensor.type.isFloat, let values = tensor.elements.doubles else {
            throw fail("input \(index) of \(node.op) must be floats, it is \(tensor.type.rawValue)")
        }
        return values
    }

    /// The numbers of an input of any type but texts.
    func numbers(_ index: Int) throws(ModelError) -> Numbers {
        let tensor = try self(index)
        guard let numbers = tensor.elements.numbers else { throw unfit(tensor.type) }
        return numbers
    }

    func unfit(_ type: ElementType) -> ModelError {
        fail("\(node.op) does not take \(type.rawValue)")
    }

    /// A result of floats, or of integers that doubles hold exactly.
    func result(
        _ shape: [Int],
        _ values: [Double],
        _ type: ElementType
    ) throws(ModelError) -> Tensor {
        if let elements = Tensor.Elements(values, as: type) {
            return try filled(shape, elements)
        }
        return try result(shape, values.map { Int(saturating: $0) }, type)
    }

    func result(
        _ shape: [Int],
        _ values: [Int],
        _ type: ElementType
    ) throws(ModelError) -> Tensor {
        guard let elements = Tensor.Elements(values, as: type) else { throw unfit(type) }
        return try filled(shape, elements)
    }

    /// An operator that miscounts for a strange shape fails alone, and takes no server with it.
    private func filled(
        _ shape: [Int],
        _ elements: Tensor.Elements
    ) throws(ModelError) -> Tensor {
        let shape = Shape(shape)
        guard shape.checkedCount == elements.count else {
            throw fail("\(node.op) made \(elements.count) elements for the shape \(shape)")
        }
        return Tensor(shape: shape, elements: elements)
    }
}

extension Int {
    /// Truncates towards zero; NaN is 0, and what is too large the nearest limit.
    init(saturating value: Double) {
        if let exact = Int(exactly: value.rounded(.towardZero)) {
            self = exact
        } else {
            self = value.isNaN ? 0 : value > 0 ? .max : .min
        }
    }
}
