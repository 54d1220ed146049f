import Compute
import Glibc
import Graph
import KernelInterface

extension Families {
    static let reductions: [String: DeclaredOperator] = Dictionary(
        uniqueKeysWithValues: Reduced.Kind.allCases.map {
            (
                $0.rawValue,
                DeclaredOperator(Reduced.self, takes: 1...2, gives: 1...1, traits: .settings)
            )
        }
    )
}

/// Sums, products, extremes and norms along axes; axes are an input since opset 18 (ReduceSum: 13).
struct Reduced: PlannedOperator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    enum Kind: String, CaseIterable {
        case sum = "ReduceSum"
        case mean = "ReduceMean"
        case maximum = "ReduceMax"
        case minimum = "ReduceMin"
        case product = "ReduceProd"
        case absolutes = "ReduceL1"
        case norm = "ReduceL2"
        case squares = "ReduceSumSquare"
        case logarithm = "ReduceLogSum"
        case logarithmOfExponentials = "ReduceLogSumExp"
    }

    private let kind: Kind
    private let axes: [Int]?
    private let keepsAxes: Bool
    private let keepsAllWithoutAxes: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        kind = Kind(rawValue: attributes.op) ?? .sum
        let takesInput = attributes.opset >= (kind == .sum ? 13 : 18)
        axes = takesInput ? nil : try attributes.ints("axes")
        keepsAxes = try attributes.flag("keepdims", default: true)
        keepsAllWithoutAxes = try attributes.flag("noop_with_empty_axes", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let rank = input.shape.rank
        let named = try axes.or(operands.optionalIntegers(1)) ?? []
        let isNothing = named.isEmpty && keepsAllWithoutAxes
        let reduced =
            named.isEmpty && !isNothing ? Array(0..<rank) : try operands.axes(named, rank: rank)
        let walk = try ReductionWalk(input.shape, axes: Set(reduced), operands)
        let shape = keepsAxes ? walk.keptShape : walk.droppedShape
        if kind == .maximum || kind == .minimum {
            return [try extremes(operands, input, walk, shape: shape)]
        }
        let numbers = try operands.numbers(0)
        if case .signed(let values) = numbers, kind == .sum || kind == .product {
            let results = walk.groups(values).map { group in
                group.reduce(kind == .sum ? 0 : 1) { kind == .sum ? $0 &+ $1 : $0 &* $1 }
            }
            return [try operands.result(shape, results, input.type)]
        }
        if case .floats(let values) = numbers {
            return [try operands.result(shape, walk.groups(values).map(reduce), input.type)]
        }
        guard let values = input.elements.doubles else { throw operands.unfit(input.type) }
        return [try operands.result(shape, walk.groups(values).map(reduce), input.type)]
    }

    private func reduce(_ group: [Double]) -> Double {
        switch kind {
        case .sum: return group.reduce(0, +)
        case .mean: return group.reduce(0, +) / Double(group.count)
        case .product: return group.reduce(1, *)
        case .absolutes: return group.reduce(0) { $0 + abs($1) }
        case .norm: return group.reduce(0) { $0 + $1 * $1 }.squareRoot()
        case .squares: return group.reduce(0) { $0 + $1 * $1 }
        case .logarithm: return log(group.reduce(0, +))
        case .logarithmOfExponentials:
            let largest = group.max() ?? -.infinity
            guard largest.isFinite else { return group.isEmpty ? -.infinity : largest }
            return largest + log(group.reduce(0) { $0 + exp($1 - largest) })
        case .maximum, .minimum: return .nan
        }
    }

    /// The largest or smallest of each group; of no elements the type's least or greatest value.
    private func extremes(
        _ operands: Operands,
        _ input: Tensor,
        _ walk: ReductionWalk,
        shape: [Int]
    ) throws(ModelError) -> Tensor {
        let operation = kind == .maximum ? Arithmetic.maximum : .minimum
        let numbers: Numbers
        switch try operands.numbers(0) {
        case .floats(let values):
            let start = kind == .maximum ? -Double.infinity : .infinity
            numbers = .floats(walk.groups(values).map { $0.reduce(start) { operation($0, $1) } })
        case .signed(let values):
            let range = input.type == .bool ? 0...1 : input.type.integerRange
            let start = kind == .maximum ? range.lowerBound : range.upperBound
            numbers = .signed(walk.groups(values).map { $0.reduce(start) { operation($0, $1) } })
        case .unsigned(let values):
            let start = kind == .maximum ? UInt64.min : .max
            numbers = .unsigned(walk.groups(values).map { $0.reduce(start) { operation($0, $1) } })
        }
        guard let elements = Tensor.Elements(numbers, as: input.type) else {
            throw operands.unfit(input.type)
        }
        return Tensor(shape: Shape(shape), elements: elements)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        let rank = plan.shape(of: source).rank
        var named = axes ?? []
        if axes == nil, node.inputs.count > 1, !node.inputs[1].isEmpty {
            guard let given = plan.constant(node, 1)?.elements.signed else {
                throw .shape(node: node.name, reason: "\(node.op) is planned along constant axes")
            }
            named = given
        }
        var gone = named.isEmpty && !keepsAllWithoutAxes ? Set(0..<rank) : []
        for axis in named {
            guard gone.insert(try normalised(axis, rank: rank, node)).inserted else {
                throw .shape(node: node.name, reason: "axis \(axis) is named twice")
            }
        }
        try ReductionLowering(node: node, reduction: kind.reduction, axes: gone, keeps: keepsAxes)
            .lower(source, into: &plan)
    }
}

extension Reduced.Kind {
    fileprivate var reduction: AxisReduction {
        switch self {
        case .sum: AxisReduction(.sum, onIntegers: .add, isPlain: true)
        case .mean: AxisReduction(.sum, isPlain: true, isMean: true)
        case .maximum: AxisReduction(.maximum, onIntegers: .maximum, isPlain: true)
        case .minimum: AxisReduction(.minimum, onIntegers: .minimum, isPlain: true)
        case .product: AxisReduction(.product, onIntegers: .multiply, isPlain: true)
        case .absolutes: AxisReduction(.magnitudes)
        case .norm: AxisReduction(.squares, takesRoot: true)
        case .squares: AxisReduction(.squares)
        case .logarithm: AxisReduction(.sum, takesLogarithm: true)
        case .logarithmOfExponentials: AxisReduction(.exponentials, takesLogarithm: true)
        }
    }
}
