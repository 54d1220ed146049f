import Graph

extension Families {
    static let choices: [String: DeclaredOperator] = [
        "Unique": .init(Unique.self, takes: 1...1, gives: 1...4),
        "Det": .init(Determinant.self, takes: 1...1, gives: 1...1),
        "com.microsoft.Inverse": .init(Inverse.self, takes: 1...1, gives: 1...1),
        "TensorScatter": .init(CacheUpdate.self, takes: 2...3, gives: 1...1),
    ]
}

/// Elements, or slices along an axis, without repetition, sorted or as they come first.
struct Unique: Operator {
    private let axis: Int?
    private let sorts: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.optionalInt("axis")
        sorts = try attributes.flag("sorted", default: true)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        var input = try operands(0)
        if axis == nil { input = input.reshaped([input.count]) }
        let axis = try operands.axis(axis ?? 0, rank: input.shape.rank)
        var shape = input.shape.dimensions
        let (slices, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
        let outer = shape[..<axis].reduce(1, *)
        _ = try operands.count([slices, 4])
        _ = try operands.count(shape + [2])
        let ranks = input.elements.ranks
        func rank(_ slice: Int, _ element: Int) -> Int {
            ranks[(element / inner * slices + slice) * inner + element % inner]
        }
        let width = outer * inner
        func order(_ one: Int, _ other: Int) -> Int {
            for element in 0..<width {
                let (a, b) = (rank(one, element), rank(other, element))
                if a != b { return a < b ? -1 : 1 }
            }
            return 0
        }
        try operands.poll()
        let ordered = (0..<slices).sorted { one, other in
            let order = order(one, other)
            return order == 0 ? one < other : order < 0
        }
        try operands.poll()
        var groups: [(first: Int, count: Int)] = []
        var group = [Int](repeating: 0, count: slices)
        for (index, slice) in ordered.enumerated() {
            if index == 0 || order(ordered[index - 1], slice) != 0 { groups.append((slice, 0)) }
            groups[groups.count - 1].count += 1
            group[slice] = groups.count - 1
        }
        if !sorts { Self.sortByAppearance(&groups, &group) }
        shape[axis] = groups.count
        var sources: [Int] = []
        sources.reserveCapacity(try operands.count(shape))
        for block in 0..<outer {
            for chosen in groups {
                let start = (block * slices + chosen.first) * inner
                sources.append(contentsOf: start..<start + inner)
            }
        }
        return [
            input.picking(sources, shape: shape),
            Tensor(shape: [groups.count], integers: groups.map(\.first)),
            Tensor(shape: [slices], integers: group),
            Tensor(shape: [groups.count], integers: groups.map(\.count)),
        ]
    }

    private static func sortByAppearance(
        _ groups: inout [(first: Int, count: Int)],
        _ group: inout [Int]
    ) {
        let order = groups.indices.sorted { groups[$0].first < groups[$1].first }
        var places = [Int](repeating: 0, count: order.count)
        for (place, old) in order.enumerated() { places[old] = place }
        groups = order.map { groups[$0] }
        for index in group.indices { group[index] = places[group[index]] }
    }
}

extension Tensor.Elements {
    /// For each element the number of different smaller ones; NaN is the largest and equal to itself.
    fileprivate var ranks: [Int] {
        func ranks<Value>(_ values: [Value], _ precedes: (Value, Value) -> Bool) -> [Int] {
            let order = values.indices.sorted { precedes(values[$0], values[$1]) }
            var (result, rank) = ([Int](repeating: 0, count: values.count), 0)
            for (index, place) in order.enumerated() {
                if index > 0, precedes(values[order[index - 1]], values[place]) { rank += 1 }
                result[place] = rank
            }
            return result
        }
        if case .strings(let texts) = self {
            return ranks(texts) { $0.lexicographicallyPrecedes($1) }
        }
        switch numbers {
        case .floats(let values): return ranks(values) { $0 < $1 || $1.isNaN && !$0.isNaN }
        case .signed(let values): return ranks(values, <)
        case .unsigned(let values): return ranks(values, <)
        case nil: return []
        }
    }
}
