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

/// Square matrices in the last two axes, reduced by Gauss with the largest pivots.
private struct SquareMatrices {
    let outer: [Int]
    let size: Int
    let values: [Double]

    init(_ operands: Operands) throws(ModelError) {
        let shape = try operands(0).shape
        guard shape.rank >= 2, shape[shape.rank - 1] == shape[shape.rank - 2] else {
            throw operands.fail("\(shape) holds no square matrices")
        }
        outer = Array(shape.dimensions.dropLast(2))
        size = shape[shape.rank - 1]
        values = try operands.floats(0)
    }

    /// The determinant of matrix `index`, and its inverse where it has one and `identity` is wanted.
    func reduced(
        _ index: Int,
        inverts: Bool,
        _ operands: Operands
    ) throws(ModelError) -> (determinant: Double, inverse: [Double]) {
        let width = inverts ? 2 * size : size
        var rows = (0..<size).map { row in
            let start = (index * size + row) * size
            let own = Array(values[start..<start + size])
            return own + (size..<width).map { $0 - size == row ? 1 : 0 }
        }
        var determinant = 1.0
        for column in 0..<size {
            try operands.poll()
            var pivot = column
            for row in column..<size where abs(rows[row][column]) > abs(rows[pivot][column]) {
                pivot = row
            }
            if pivot != column {
                rows.swapAt(pivot, column)
                determinant = -determinant
            }
            let top = rows[column][column]
            determinant *= top
            guard top != 0 else { return (0, []) }
            for row in (inverts ? 0 : column)..<size where row != column {
                let factor = rows[row][column] / top
                guard factor != 0 else { continue }
                for place in column..<width { rows[row][place] -= factor * rows[column][place] }
            }
        }
        let inverse = rows.enumerated().flatMap { index, row in row[size...].map { $0 / row[index] }
        }
        return (determinant, inverts ? inverse : [])
    }
}

struct Determinant: Operator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let matrices = try SquareMatrices(operands)
        var values: [Double] = []
        for index in 0..<(try operands.count(matrices.outer)) {
            values.append(try matrices.reduced(index, inverts: false, operands).determinant)
        }
        return [try operands.result(matrices.outer, values, operands(0).type)]
    }
}

struct Inverse: Operator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let matrices = try SquareMatrices(operands)
        let input = try operands(0)
        _ = try operands.count(input.shape.dimensions + [2])
        var values: [Double] = []
        for index in 0..<(try operands.count(matrices.outer)) {
            let reduced = try matrices.reduced(index, inverts: true, operands)
            guard reduced.determinant != 0 else { throw operands.fail("a matrix has no inverse") }
            values += reduced.inverse
        }
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }
}

/// Writes what came into a cache, from each batch's own place on.
struct CacheUpdate: Operator {
    static var bytesPerInput: Int { 0 }
    private let axis: Int
    private let isCircular: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -2)
        let mode = try attributes.string("mode", default: "linear")
        guard ["linear", "circular"].contains(mode) else {
            throw attributes.mismatch("mode", "linear or circular", .string(mode))
        }
        isCircular = mode == "circular"
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (cache, update) = (try operands(0), try operands(1))
        let (sizes, own) = (cache.shape.dimensions, update.shape.dimensions)
        let axis = try operands.axis(axis, rank: sizes.count)
        guard axis > 0, own.count == sizes.count, own[axis] <= sizes[axis],
            sizes.indices.allSatisfy({ $0 == axis || own[$0] == sizes[$0] })
        else { throw operands.fail("\(update.shape) does not fit into \(cache.shape)") }
        let starts =
            operands.optional(2) == nil
            ? [Int](repeating: 0, count: sizes[0]) : try operands.integers(2)
        guard starts.count == sizes[0],
            starts.allSatisfy({ $0 >= 0 && (isCircular || $0 + own[axis] <= sizes[axis]) })
        else { throw operands.fail("the places \(starts.prefix(8)) lie outside of the cache") }
        var sources = Array(0..<(try operands.count(sizes)))
        guard let all = cache.elements.joined(update.elements) else {
            throw operands.unfit(update.type)
        }
        let inner = sizes[(axis + 1)...].reduce(1, *)
        let outer = sizes[..<axis].reduce(1, *)
        for block in 0..<outer {
            try operands.poll()
            let start = starts[block / (outer / sizes[0])]
            for step in 0..<own[axis] {
                let target = (block * sizes[axis] + (start + step) % sizes[axis]) * inner
                let source = cache.count + (block * own[axis] + step) * inner
                for place in 0..<inner { sources[target + place] = source + place }
            }
        }
        return [Tensor(shape: cache.shape, elements: all.picking(sources))]
    }
}
