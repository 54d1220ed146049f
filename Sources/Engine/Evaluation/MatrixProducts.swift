import Graph

extension Evaluators {
    static let products: [String: EvaluatedOperator] = [
        "MatMul": .init(MatrixProduct.self, takes: 2...2, gives: 1...1),
        "Gemm": .init(ScaledProduct.self, takes: 2...3, gives: 1...1),
        "Einsum": .init(Einsum.self, takes: 1 ... .max, gives: 1...1),
    ]
}

extension Operands {
    /// NumPy's matmul: products of the last two axes, the others broadcast; a vector is a row or a column.
    func multiply(
        _ left: [Double],
        _ leftShape: [Int],
        _ right: [Double],
        _ rightShape: [Int]
    ) throws(ModelError) -> ([Double], [Int]) {
        guard !leftShape.isEmpty, !rightShape.isEmpty else {
            throw fail("a single number is no matrix")
        }
        let a = leftShape.count == 1 ? [1] + leftShape : leftShape
        let b = rightShape.count == 1 ? rightShape + [1] : rightShape
        let (rows, inner, columns) = (a[a.count - 2], a[a.count - 1], b[b.count - 1])
        guard inner == b[b.count - 2] else {
            throw fail("\(Shape(leftShape)) and \(Shape(rightShape)) cannot be multiplied")
        }
        let outer = try broadcast([Shape(a.dropLast(2)), Shape(b.dropLast(2))])
        let lefts = broadcastOffsets(a.dropLast(2), to: outer)
        let rights = broadcastOffsets(b.dropLast(2), to: outer)
        let matrices = outer.reduce(1, *)
        var sums = [Double](repeating: 0, count: try count(outer + [rows, columns]))
        for matrix in 0..<matrices {
            let first = (lefts?[matrix] ?? matrix) * rows * inner
            let second = (rights?[matrix] ?? matrix) * inner * columns
            for row in 0..<rows {
                if row & 15 == 0 { try poll() }
                let target = (matrix * rows + row) * columns
                for index in 0..<inner {
                    let factor = left[first + row * inner + index]
                    let source = second + index * columns
                    for column in 0..<columns {
                        sums[target + column] += factor * right[source + column]
                    }
                }
            }
        }
        var shape = outer
        if leftShape.count > 1 { shape.append(rows) }
        if rightShape.count > 1 { shape.append(columns) }
        return (sums, shape)
    }
}

private struct MatrixProduct: Evaluated {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (a, b) = (try operands(0), try operands(1))
        guard a.type == b.type, let x = a.elements.doubles, let y = b.elements.doubles else {
            throw operands.fail("MatMul of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        let (sums, shape) = try operands.multiply(x, a.shape.dimensions, y, b.shape.dimensions)
        return [try operands.result(shape, sums, a.type)]
    }
}

/// alpha · A' · B' + beta · C.
private struct ScaledProduct: Evaluated {
    private let alpha: Double
    private let beta: Double
    private let transposes: (Bool, Bool)

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alpha = Double(try attributes.float("alpha", default: 1))
        beta = Double(try attributes.float("beta", default: 1))
        transposes = (
            try attributes.flag("transA", default: false),
            try attributes.flag("transB", default: false)
        )
        // Before opset 7 it said whether C is broadcast; it always may be.
        if attributes.opset < 7 { _ = try attributes.flag("broadcast", default: false) }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        var (a, b) = (try operands(0), try operands(1))
        guard a.shape.rank == 2, b.shape.rank == 2 else {
            throw operands.fail("Gemm needs matrices, not \(a.shape) and \(b.shape)")
        }
        if transposes.0 { a = a.transposed([1, 0]) }
        if transposes.1 { b = b.transposed([1, 0]) }
        guard a.type == b.type, let x = a.elements.doubles, let y = b.elements.doubles else {
            throw operands.fail("Gemm of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        var (sums, shape) = try operands.multiply(x, a.shape.dimensions, y, b.shape.dimensions)
        if alpha != 1 { sums = sums.map { $0 * alpha } }
        if let c = operands.optional(2), let addend = c.elements.doubles {
            guard try operands.broadcast([Shape(shape), c.shape]) == shape else {
                throw operands.fail("C \(c.shape) does not broadcast to \(Shape(shape))")
            }
            let places = broadcastOffsets(c.shape.dimensions, to: shape)
            for index in sums.indices { sums[index] += beta * addend[places?[index] ?? index] }
        }
        return [try operands.result(shape, sums, a.type)]
    }
}

/// Einstein's sum over named axes; "..." stands for axes that broadcast.
private struct Einsum: Evaluated {
    private let equation: EinsteinEquation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        equation = try EinsteinEquation(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        guard equation.inputs.count == operands.tensors.count else {
            throw operands.fail("the equation has \(equation.inputs.count) terms")
        }
        var (sizes, terms): ([String: Int], [[String]]) = ([:], [])
        for (index, letters) in equation.inputs.enumerated() {
            terms.append(try name(letters, operands(index).shape, &sizes, operands))
        }
        let result = try outputNames(terms, operands)
        let summed = Array(Set(terms.joined())).filter { !result.contains($0) }.sorted()
        let shape = result.map { sizes[$0] ?? 1 }
        let all = result + summed
        let space = all.map { sizes[$0] ?? 1 }
        _ = try operands.count(shape)
        var products = [Double](repeating: 1, count: try operands.count(space))
        for (index, term) in terms.enumerated() {
            guard let values = try operands(index).elements.doubles else {
                throw operands.unfit(try operands(index).type)
            }
            let own = try operands(index).shape.dimensions
            let strides = rowMajorStrides(own)
            let steps = all.map { name in
                term.indices.filter { term[$0] == name && own[$0] != 1 }.reduce(0) {
                    $0 + strides[$1]
                }
            }
            for (place, source) in offsets(space, strides: steps).enumerated() {
                try operands.poll(at: place)
                products[place] *= values[source]
            }
        }
        let width = summed.reduce(1) { $0 * (sizes[$1] ?? 1) }
        let sums = (0..<Shape(shape).count).map { place in
            products[place * width..<(place + 1) * width].reduce(0, +)
        }
        return [try operands.result(shape, sums, operands(0).type)]
    }

    /// A name for each axis: its letter, or "*k" for the k-th from the end of those the dots stand for.
    private func name(
        _ letters: [Character],
        _ shape: Shape,
        _ sizes: inout [String: Int],
        _ operands: Operands
    ) throws(ModelError) -> [String] {
        let hidden = shape.rank - letters.count { $0 != "*" }
        guard letters.contains("*") ? hidden >= 0 : hidden == 0 else {
            throw operands.fail("the term \(String(letters)) does not fit \(shape)")
        }
        let names = letters.flatMap { letter in
            letter == "*" ? (0..<hidden).map { "*\(hidden - $0)" } : [String(letter)]
        }
        guard names.count == shape.rank else { throw operands.fail("two dots in one term") }
        for (axis, name) in names.enumerated() {
            let known = sizes[name] ?? 1
            guard known == 1 || shape[axis] == 1 || known == shape[axis] else {
                throw operands.fail("axis \(name) has sizes \(known) and \(shape[axis])")
            }
            sizes[name] = known == 1 ? shape[axis] : known
        }
        return names
    }

    /// What stands right of the arrow, or else the dots and the letters that occur once, in order.
    private func outputNames(
        _ terms: [[String]],
        _ operands: Operands
    ) throws(ModelError) -> [String] {
        let all = terms.flatMap { $0 }
        let dots = Set(all.filter { $0.hasPrefix("*") }).sorted {
            ($0.count, $0) > ($1.count, $1)
        }
        guard let output = equation.output else {
            return dots
                + Set(all).filter { name in
                    !name.hasPrefix("*") && all.count { $0 == name } == 1
                }.sorted()
        }
        let names = output.flatMap { $0 == "*" ? dots : [String($0)] }
        guard names.allSatisfy(all.contains), Set(names).count == names.count else {
            throw operands.fail("the result of the equation names unknown axes")
        }
        return names
    }
}
