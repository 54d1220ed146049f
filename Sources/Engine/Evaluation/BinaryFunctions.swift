import Compute
import Foundation
import Graph

extension Evaluators {
    static let binaryFunctions: [String: EvaluatedOperator] = [
        "Add": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "Sub": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "Mul": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "Div": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "Pow": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "Mod": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "PRelu": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "Max": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
        "Min": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
        "Sum": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
        "Mean": .init(VariadicFunction.self, takes: 1 ... .max, gives: 1...1),
        "BitwiseAnd": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "BitwiseOr": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "BitwiseXor": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
        "BitShift": .init(BinaryFunction.self, takes: 2...2, gives: 1...1),
    ]
}

/// Arithmetic on two numbers of one kind.
enum Arithmetic: String, Sendable {
    case add = "Add"
    case subtract = "Sub"
    case multiply = "Mul"
    case divide = "Div"
    case power = "Pow"
    /// The remainder with the divisor's sign, as Python's.
    case modulo = "Mod"
    /// The remainder with the dividend's sign, as C's fmod.
    case remainder
    case maximum = "Max"
    case minimum = "Min"
    case prelu = "PRelu"
    case and = "BitwiseAnd"
    case or = "BitwiseOr"
    case exclusiveOr = "BitwiseXor"
    case shiftLeft
    case shiftRight

    func callAsFunction(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .power: pow(a, b)
        case .modulo:
            // The result's sign is the divisor's.
            {
                let r = fmod(a, b); return r != 0 && (r < 0) != (b < 0) ? r + b : r
            }()
        case .remainder: fmod(a, b)
        case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
        case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
        case .prelu: a < 0 ? a * b : a
        case .and, .or, .exclusiveOr, .shiftLeft, .shiftRight: .nan
        }
    }

    /// Wraps; what cannot be divided is 0.
    func callAsFunction<Integer: FixedWidthInteger>(_ a: Integer, _ b: Integer) -> Integer {
        switch self {
        case .add: a &+ b
        case .subtract: a &- b
        case .multiply: a &* b
        case .divide: b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
        case .power: Integer.power(a, b)
        case .modulo:
            {
                guard b != 0 else { return 0 }
                let r = a.remainderReportingOverflow(dividingBy: b).partialValue
                return r != 0 && (r < 0) != (b < 0) ? r &+ b : r
            }()
        case .remainder: b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
        case .maximum: max(a, b)
        case .minimum: min(a, b)
        case .prelu: a < 0 ? a &* b : a
        case .and: a & b
        case .or: a | b
        case .exclusiveOr: a ^ b
        // A negative number of places is, as without a sign, more than there are.
        case .shiftLeft: b < 0 ? 0 : a << b
        case .shiftRight: b < 0 ? a >> Integer(Integer.bitWidth - 1) : a >> b
        }
    }

    /// Combines two lists of one length and kind; nil if the kinds differ or the operation is not defined.
    func combine(_ a: Numbers, _ b: Numbers) -> Numbers? {
        switch (a, b) {
        case (.floats(let x), .floats(let y)): .floats(zip(x, y).map { self($0, $1) })
        case (.signed(let x), .signed(let y)): .signed(zip(x, y).map { self($0, $1) })
        case (.unsigned(let x), .unsigned(let y)): .unsigned(zip(x, y).map { self($0, $1) })
        default: nil
        }
    }
}

extension FixedWidthInteger {
    /// base to the power of exponent, wrapping; 0 for what is no integer.
    fileprivate static func power(_ base: Self, _ exponent: Self) -> Self {
        guard exponent >= 0 else {
            if base == 1 { return 1 }
            // −1, of a signed type: 1 or −1 by turns.
            guard Self.isSigned, base == 0 &- 1 else { return 0 }
            return exponent & 1 == 0 ? 1 : base
        }
        var (result, factor, rest) = (Self(1), base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = result &* factor }
            factor = factor &* factor
            rest >>= 1
        }
        return result
    }
}

extension Numbers {
    func picked(_ places: [Int]?) -> Numbers {
        switch self {
        case .floats(let values): .floats(values.picked(places))
        case .signed(let values): .signed(values.picked(places))
        case .unsigned(let values): .unsigned(values.picked(places))
        }
    }
}

/// Two operands with NumPy's broadcasting; before opset 7 with `broadcast` and `axis`.
private struct BinaryFunction: Evaluated {
    private let operation: Arithmetic
    private let legacyAxis: LegacyBroadcast?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        legacyAxis = try LegacyBroadcast(&attributes)
        switch attributes.op {
        case "Mod":
            operation = try attributes.flag("fmod", default: false) ? .remainder : .modulo
        case "BitShift":
            let direction = try attributes.string("direction", default: "")
            guard ["LEFT", "RIGHT"].contains(direction) else {
                throw attributes.mismatch("direction", "LEFT or RIGHT", .string(direction))
            }
            operation = direction == "LEFT" ? .shiftLeft : .shiftRight
        case let op: operation = Arithmetic(rawValue: op) ?? .add
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (a, b) = (try operands(0), try operands(1))
        var other = b.shape.dimensions
        if operation == .prelu, operands.node.opset < 7, other.count == 1, a.shape.rank > 1 {
            other += Array(repeating: 1, count: a.shape.rank - 2)
        }
        if let legacyAxis { other = try legacyAxis.aligned(other, with: a.shape, operands) }
        let shape = try operands.broadcast([a.shape, Shape(other)])
        if let x = a.floats, let y = b.floats,
            let arithmetic = FloatArithmetic(rawValue: operation.rawValue)
        {
            let walk = StrideWalk(broadcasting: a.shape.dimensions, other, to: shape)
            return [Tensor(shape: Shape(shape), floats: arithmetic(x, y, along: walk))]
        }
        var (left, right) = (try operands.numbers(0), try operands.numbers(1))
        if operation == .power, a.type != b.type {
            // The exponent may be of another type; the result has the base's.
            (left, right) = (
                .floats(a.elements.doubles ?? []), .floats(b.elements.doubles ?? [])
            )
        } else if a.type != b.type {
            throw operands.fail("\(operands.node.op) of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        left = left.picked(broadcastOffsets(a.shape.dimensions, to: shape))
        right = right.picked(broadcastOffsets(other, to: shape))
        guard let numbers = operation.combine(left, right) else { throw operands.unfit(a.type) }
        if case .floats(let values) = numbers {
            return [try operands.result(shape, values, a.type)]
        }
        guard let elements = Tensor.Elements(numbers, as: a.type) else {
            throw operands.unfit(a.type)
        }
        return [Tensor(shape: Shape(shape), elements: elements)]
    }
}

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

/// Max, Min, Sum and Mean of one or more operands.
private struct VariadicFunction: Evaluated {
    private let operation: Arithmetic

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        operation = Arithmetic(rawValue: attributes.op) ?? .add
        if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let first = try operands(0)
        var shapes: [Shape] = []
        for index in operands.tensors.indices { shapes.append(try operands(index).shape) }
        let shape = try operands.broadcast(shapes)
        var result: Numbers?
        for index in operands.tensors.indices {
            let next = try operands.numbers(index)
                .picked(broadcastOffsets(shapes[index].dimensions, to: shape))
            guard try operands(index).type == first.type else {
                throw operands.fail("the inputs of \(operands.node.op) differ in type")
            }
            result = result.map { operation.combine($0, next) ?? next } ?? next
        }
        guard var result else { throw operands.fail("\(operands.node.op) has no input") }
        if operands.node.op == "Mean", case .floats(let values) = result {
            result = .floats(values.map { $0 / Double(shapes.count) })
        }
        guard let elements = Tensor.Elements(result, as: first.type) else {
            throw operands.unfit(first.type)
        }
        return [Tensor(shape: Shape(shape), elements: elements)]
    }
}
