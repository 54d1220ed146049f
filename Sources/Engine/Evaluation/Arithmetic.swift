import Glibc
import Graph

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
