import Compute
import Glibc
import Graph
import KernelInterface

/// Arithmetic on two float32 numbers, as loops over rows.
enum FloatArithmetic: String, Sendable {
    case add = "Add"
    case subtract = "Sub"
    case multiply = "Mul"
    case divide = "Div"
    case maximum = "Max"
    case minimum = "Min"
    case power = "Pow"
    case prelu = "PRelu"
    /// Mod whose `fmod` is 1.
    case remainder

    /// z = x ∘ y over rows of `count`, along which x and y advance by `steps` (0 or 1).
    func callAsFunction(
        _ x: FloatPosition,
        _ y: FloatPosition,
        into z: FloatPosition,
        count: Int,
        steps: (first: Int, second: Int)
    ) {
        func along(_ apply: (Float, Float) -> Float) {
            switch steps {
            case (1, 1): for index in 0..<count { z[index] = apply(x[index], y[index]) }
            case (1, 0):
                let constant = y[0]
                for index in 0..<count { z[index] = apply(x[index], constant) }
            case (0, 1):
                let constant = x[0]
                for index in 0..<count { z[index] = apply(constant, y[index]) }
            default:
                for index in 0..<count {
                    z[index] = apply(x[index * steps.first], y[index * steps.second])
                }
            }
        }
        switch self {
        case .add: along { $0 + $1 }
        case .subtract: along { $0 - $1 }
        case .multiply: along { $0 * $1 }
        case .divide: along { $0 / $1 }
        // What is not a number stays so.
        case .maximum: along { $0 > $1 || $0 != $0 ? $0 : $1 }
        case .minimum: along { $0 < $1 || $0 != $0 ? $0 : $1 }
        case .power where steps.second == 0 && y[0] == 2: along { x, _ in x * x }
        case .power where steps.second == 0 && y[0] == 0.5: along { x, _ in x.squareRoot() }
        case .power: along { pow($0, $1) }
        case .prelu: along { $0 < 0 ? $0 * $1 : $0 }
        case .remainder: along { fmod($0, $1) }
        }
    }

    /// The kernels' word for it.
    var kernel: BinaryFunction {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .maximum: .maximum
        case .minimum: .minimum
        case .power: .power
        case .prelu: .pRelu
        case .remainder: .remainder
        }
    }

    /// Whether operands that are both 0 give 0: what lies beside a value's last channels stays harmless.
    var keepsZero: Bool {
        switch self {
        case .divide, .power, .remainder: false
        default: true
        }
    }
}

extension FloatArithmetic {
    /// All elements of a broadcast result; the walk stays inside of both operands.
    func callAsFunction(_ left: [Float], _ right: [Float], along walk: StrideWalk) -> [Float] {
        let count = walk.rows * walk.length
        guard count > 0 else { return [] }
        // SAFETY: both operands are only read, and all of the result is written.
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                unsafe [Float](unsafeUninitializedCapacity: count) { result, initialized in
                    guard let x = left.baseAddress, let y = right.baseAddress,
                        let z = result.baseAddress
                    else { return }
                    let first = unsafe FloatPosition(.init(mutating: x), count: left.count)
                    let second = unsafe FloatPosition(.init(mutating: y), count: right.count)
                    let third = unsafe FloatPosition(z, count: count)
                    walk.forEachRow(in: 0..<walk.rows) { row, from, other in
                        self(
                            first + from,
                            second + other,
                            into: third + row * walk.length,
                            count: walk.length,
                            steps: walk.steps
                        )
                    }
                    initialized = count
                }
            }
        }
    }
}
