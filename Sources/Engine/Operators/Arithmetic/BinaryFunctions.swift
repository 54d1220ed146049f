import Compute
import Graph
import KernelInterface

extension Families {
    static let binaryFunctions: [String: DeclaredOperator] = [
        "Add": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "Sub": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "Mul": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "Div": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "Pow": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "Mod": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "PRelu": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "BitwiseAnd": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "BitwiseOr": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "BitwiseXor": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
        "BitShift": .init(BroadcastFunction.self, takes: 2...2, gives: 1...1),
    ]
}

/// Two operands with NumPy's broadcasting; before opset 7 with `broadcast` and `axis`.
struct BroadcastFunction: PlannedOperator {
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if try plan.isInteger(node, 0) {
            try lowerIntegers(node, operation.onIntegers, into: &plan)
            return
        }
        guard let operation = FloatArithmetic(rawValue: operation.rawValue) else {
            throw .shape(node: node.name, reason: "\(node.op) of floats is not planned like this")
        }
        try ElementwiseLowering(node: node, operation: operation).lower(into: &plan)
    }
}

extension Arithmetic {
    /// The kernels' word for it on integers; nil where plans do not compute it.
    var onIntegers: IntegerFunction? {
        self == .modulo ? .modulo : FloatArithmetic(rawValue: rawValue)?.onIntegers
    }
}
