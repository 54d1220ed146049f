import Foundation
import Graph

extension Evaluators {
    static let reductions: [String: EvaluatedOperator] = Dictionary(
        uniqueKeysWithValues: Reduced.Kind.allCases.map {
            ($0.rawValue, EvaluatedOperator(Reduced.self, takes: 1...2, gives: 1...1))
        }
    )
}

/// Sums, products, extremes and norms along axes; axes are an input since opset 18 (ReduceSum: 13).
private struct Reduced: Evaluated {
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
        let walk = ReductionWalk(input.shape, axes: Set(reduced))
        let shape = keepsAxes ? walk.keptShape : walk.droppedShape
        if kind == .maximum || kind == .minimum {
            return [try extremes(operands, input, walk, shape)]
        }
        if case .signed(let values) = try operands.numbers(0), kind == .sum || kind == .product {
            let results = walk.groups(values).map { group in
                group.reduce(kind == .sum ? 0 : 1) { kind == .sum ? $0 &+ $1 : $0 &* $1 }
            }
            return [try operands.result(shape, results, input.type)]
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
        _ shape: [Int]
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
}

/// The elements that meet in each element of a reduction.
struct ReductionWalk {
    let keptShape: [Int]
    let droppedShape: [Int]
    private let outer: [Int]
    private let inner: [Int]

    init(_ shape: Shape, axes: Set<Int>) {
        let sizes = shape.dimensions
        keptShape = sizes.indices.map { axes.contains($0) ? 1 : sizes[$0] }
        droppedShape = sizes.indices.filter { !axes.contains($0) }.map { sizes[$0] }
        let strides = rowMajorStrides(sizes)
        let (kept, gone) = (
            sizes.indices.filter { !axes.contains($0) }, sizes.indices.filter { axes.contains($0) }
        )
        outer = offsets(kept.map { sizes[$0] }, strides: kept.map { strides[$0] })
        inner = offsets(gone.map { sizes[$0] }, strides: gone.map { strides[$0] })
    }

    func groups<Value>(_ values: [Value]) -> some Sequence<[Value]> {
        outer.lazy.map { base in inner.map { values[base + $0] } }
    }

    /// The places of each group's elements, in order.
    var places: some Sequence<[Int]> { outer.lazy.map { base in inner.map { base + $0 } } }
}
