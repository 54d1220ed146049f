import Graph

extension Evaluators {
    static let orders: [String: EvaluatedOperator] = [
        "ArgMax": .init(ArgExtreme.self, takes: 1...1, gives: 1...1),
        "ArgMin": .init(ArgExtreme.self, takes: 1...1, gives: 1...1),
        "TopK": .init(Top.self, takes: 1...2, gives: 1...2),
        "CumSum": .init(Cumulated.self, takes: 2...2, gives: 1...1),
        "CumProd": .init(Cumulated.self, takes: 2...2, gives: 1...1),
    ]
}

private struct ArgExtreme: Evaluated {
    private let axis: Int
    private let keepsAxis: Bool
    private let takesLast: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
        keepsAxis = try attributes.flag("keepdims", default: true)
        takesLast = try attributes.flag("select_last_index", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let axis = try operands.axis(axis, rank: input.shape.rank)
        guard input.shape[axis] > 0 else { throw operands.fail("axis \(axis) has no elements") }
        let walk = ReductionWalk(input.shape, axes: [axis])
        let isMaximum = operands.node.op == "ArgMax"
        let indices: [Int] =
            switch try operands.numbers(0) {
            case .floats(let values): walk.groups(values).map { best($0, isMaximum) }
            case .signed(let values): walk.groups(values).map { best($0, isMaximum) }
            case .unsigned(let values): walk.groups(values).map { best($0, isMaximum) }
            }
        return [
            Tensor(shape: Shape(keepsAxis ? walk.keptShape : walk.droppedShape), integers: indices)
        ]
    }

    private func best<Value: Comparable>(_ values: [Value], _ isMaximum: Bool) -> Int {
        var best = 0
        for index in values.indices.dropFirst() {
            let isBetter =
                isMaximum ? values[index] > values[best] : values[index] < values[best]
            if isBetter || takesLast && values[index] == values[best] { best = index }
        }
        return best
    }
}

/// The k largest or smallest along an axis, with their indices; of equals the first.
private struct Top: Evaluated {
    private let axis: Int
    private let takesLargest: Bool
    private let count: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        takesLargest = try attributes.flag("largest", default: true)
        // Sorted answers serve those who do not ask for an order too.
        _ = try attributes.flag("sorted", default: true)
        count = attributes.opset < 10 ? try attributes.int("k", default: -1) : nil
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var shape = input.shape.dimensions
        let axis = try operands.axis(axis, rank: shape.count)
        let k = try count.or(operands.optionalInteger(1) ?? -1)
        guard k >= 0, k <= shape[axis] else {
            throw operands.fail("k is \(k), axis \(axis) has \(shape[axis]) elements")
        }
        // Each group has lists of its own.
        _ = try operands.count(shape + [2])
        let ranks: [[Int]] =
            switch try operands.numbers(0) {
            case .floats(let values): ranked(values, input.shape, axis)
            case .signed(let values): ranked(values, input.shape, axis)
            case .unsigned(let values): ranked(values, input.shape, axis)
            }
        let places = Array(ReductionWalk(input.shape, axes: [axis]).places)
        let inner = shape[(axis + 1)...].reduce(1, *)
        shape[axis] = k
        var sources = [Int](repeating: 0, count: Shape(shape).count)
        var indices = sources
        for (group, rank) in ranks.enumerated() {
            let base = group / inner * inner * k + group % inner
            for (order, index) in rank.prefix(k).enumerated() {
                sources[base + order * inner] = places[group][index]
                indices[base + order * inner] = index
            }
        }
        return [
            input.picking(sources, shape: shape), Tensor(shape: Shape(shape), integers: indices),
        ]
    }

    /// For each group, the indices of its elements, the best first.
    private func ranked<Value: Comparable>(
        _ values: [Value],
        _ shape: Shape,
        _ axis: Int
    ) -> [[Int]] {
        ReductionWalk(shape, axes: [axis]).groups(values).map { group in
            group.indices.sorted { first, second in
                if group[first] == group[second] { return first < second }
                return takesLargest ? group[first] > group[second] : group[first] < group[second]
            }
        }
    }
}

/// Running sums or products along an axis.
private struct Cumulated: Evaluated {
    private let isExclusive: Bool
    private let isReversed: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isExclusive = try attributes.flag("exclusive", default: false)
        isReversed = try attributes.flag("reverse", default: false)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let given = try operands.optionalInteger(1) else { throw operands.fail("no axis") }
        let axis = try operands.axis(given, rank: input.shape.rank)
        let places = ReductionWalk(input.shape, axes: [axis])
        let operation = operands.node.op == "CumSum" ? Arithmetic.add : .multiply
        let numbers: Numbers
        switch try operands.numbers(0) {
        case .floats(let values):
            numbers = .floats(run(values, places, operation == .add ? 0 : 1) { operation($0, $1) })
        case .signed(let values):
            numbers = .signed(run(values, places, operation == .add ? 0 : 1) { operation($0, $1) })
        case .unsigned(let values):
            numbers = .unsigned(
                run(values, places, operation == .add ? 0 : 1) { operation($0, $1) }
            )
        }
        guard let elements = Tensor.Elements(numbers, as: input.type) else {
            throw operands.unfit(input.type)
        }
        return [Tensor(shape: input.shape, elements: elements)]
    }

    private func run<Value>(
        _ values: [Value],
        _ walk: ReductionWalk,
        _ start: Value,
        _ combine: (Value, Value) -> Value
    ) -> [Value] {
        var result = values
        for group in walk.places {
            var total = start
            for place in isReversed ? group.reversed() : group {
                if isExclusive {
                    result[place] = total
                    total = combine(total, values[place])
                } else {
                    total = combine(total, values[place])
                    result[place] = total
                }
            }
        }
        return result
    }
}
