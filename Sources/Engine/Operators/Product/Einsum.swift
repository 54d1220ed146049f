import Compute
import Graph

extension Families {
    static let einsteinSums: [String: DeclaredOperator] = [
        "Einsum": .init(Einsum.self, takes: 1 ... .max, gives: 1...1)
    ]
}

/// The letters of an equation's terms; "*" stands for "...".
struct EinsteinEquation: Sendable {
    let inputs: [[Character]]
    /// Nil where the equation leaves it to its letters.
    let output: [Character]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let equation = try attributes.string("equation", default: "")
        let letters = equation.filter { !$0.isWhitespace }.replacing("...", with: "*")
        let sides = letters.split(separator: "-", omittingEmptySubsequences: false)
        let isWord = letters.allSatisfy { $0.isASCII && $0.isLetter || "*,->".contains($0) }
        guard isWord, (1...2).contains(sides.count), sides.count == 1 || sides[1].first == ">"
        else {
            throw attributes.mismatch("equation", "such as \"ij,jk->ik\"", .string(equation))
        }
        inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
        output = sides.count == 2 ? Array(sides[1].dropFirst()) : nil
    }
}

/// Einstein's sum over named axes, planned as moves, sums and products of matrices; "..." stands for axes that broadcast.
struct Einsum: PlannedOperator {
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
            terms.append(try name(letters, operands(index).shape, &sizes, for: operands))
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
        for operands: Operands
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard equation.inputs.count == node.inputs.count else {
            throw .shape(
                node: node.name,
                reason: "the equation has \(equation.inputs.count) terms"
            )
        }
        var sum = EinsteinSum(node: node)
        for (index, letters) in equation.inputs.enumerated() {
            try sum.add(letters, node.inputs[index], plan.inputShape(node, index))
        }
        try sum.lower(to: sum.outputNames(equation.output), into: &plan)
    }
}
