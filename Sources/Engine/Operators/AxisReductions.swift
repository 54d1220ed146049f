import Compute
import Graph
import KernelInterface

/// Sums, products, extremes and norms along axes.
enum AxisReductions {
    static let operators: [any Operator.Type] = [
        ReduceSum.self, ReduceMean.self, ReduceMax.self, ReduceMin.self, ReduceProd.self,
        ReduceL1.self, ReduceL2.self, ReduceSumSquare.self, ReduceLogSum.self,
        ReduceLogSumExp.self,
    ]
}

protocol ReducingOperator: Operator {
    static var reduction: AxisReduction { get }
    var axes: ReducedAxes { get }
}

extension ReducingOperator {
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try ReductionLowering(node: node, reduction: Self.reduction, axes: axes).lower(into: &plan)
    }
}

struct ReduceSum: ReducingOperator {
    static let name = "ReduceSum"
    static let reduction = AxisReduction(.sum, onIntegers: .add, isPlain: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

struct ReduceMean: ReducingOperator {
    static let name = "ReduceMean"
    static let reduction = AxisReduction(.sum, isPlain: true, isMean: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

struct ReduceMax: ReducingOperator {
    static let name = "ReduceMax"
    static let reduction = AxisReduction(.maximum, onIntegers: .maximum, isPlain: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

struct ReduceMin: ReducingOperator {
    static let name = "ReduceMin"
    static let reduction = AxisReduction(.minimum, onIntegers: .minimum, isPlain: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

struct ReduceProd: ReducingOperator {
    static let name = "ReduceProd"
    static let reduction = AxisReduction(.product, onIntegers: .multiply, isPlain: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

/// The sum of magnitudes.
struct ReduceL1: ReducingOperator {
    static let name = "ReduceL1"
    static let reduction = AxisReduction(.magnitudes)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

/// The square root of the sum of squares.
struct ReduceL2: ReducingOperator {
    static let name = "ReduceL2"
    static let reduction = AxisReduction(.squares, takesRoot: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

struct ReduceSumSquare: ReducingOperator {
    static let name = "ReduceSumSquare"
    static let reduction = AxisReduction(.squares)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

/// The logarithm of the sum.
struct ReduceLogSum: ReducingOperator {
    static let name = "ReduceLogSum"
    static let reduction = AxisReduction(.sum, takesLogarithm: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

/// The logarithm of the sum of exponentials.
struct ReduceLogSumExp: ReducingOperator {
    static let name = "ReduceLogSumExp"
    static let reduction = AxisReduction(.exponentials, takesLogarithm: true)
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }
}

/// What a kernel joins, and what becomes of the result.
struct AxisReduction: Sendable {
    let function: Reduction
    /// The same on integers; nil where plans do not compute it.
    let onIntegers: IntegerFunction?
    /// Whether a number alone stays what it is.
    let isPlain: Bool
    let isMean: Bool
    let takesRoot: Bool
    let takesLogarithm: Bool

    init(
        _ function: Reduction,
        onIntegers: IntegerFunction? = nil,
        isPlain: Bool = false,
        isMean: Bool = false,
        takesRoot: Bool = false,
        takesLogarithm: Bool = false
    ) {
        self.function = function
        self.onIntegers = onIntegers
        self.isPlain = isPlain
        self.isMean = isMean
        self.takesRoot = takesRoot
        self.takesLogarithm = takesLogarithm
    }

    func geometry(_ blocks: AxisBlocks) -> ReductionGeometry {
        ReductionGeometry(
            function: function,
            count: blocks.count,
            inner: blocks.inner,
            divisor: isMean ? Double(blocks.count) : 1,
            takesRoot: takesRoot ? 1 : 0
        )
    }
}

/// Which axes go: an attribute, or an input since opset 18 (of ReduceSum 13); all unless they are named.
struct ReducedAxes: Sendable {
    private let axes: [Int]?
    private let keepsAllWithoutAxes: Bool
    let keeps: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try attributes.ints("axes")
        keeps = try attributes.flag("keepdims", default: true)
        keepsAllWithoutAxes = try attributes.flag("noop_with_empty_axes", default: false)
    }

    /// The axes of a value that go.
    func gone(_ node: Node, rank: Int, in plan: PlanBuilder) throws(ModelError) -> Set<Int> {
        var named = axes ?? []
        if node.inputs.count > 1, !node.inputs[1].isEmpty {
            guard let given = plan.constant(node, 1)?.elements.signed else {
                throw .shape(node: node.name, reason: "\(node.op) is planned along constant axes")
            }
            named = given
        }
        if named.isEmpty { return keepsAllWithoutAxes ? [] : Set(0..<rank) }
        var gone = Set<Int>()
        for axis in named {
            guard gone.insert(try normalised(axis, rank: rank, node)).inserted else {
                throw .shape(node: node.name, reason: "axis \(axis) is named twice")
            }
        }
        return gone
    }
}
