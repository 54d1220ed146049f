import Compute
import Graph

/// A sum under way: what is still to be multiplied, and how long each axis is.
struct EinsteinSum {
    /// A value, and a name for each of its axes.
    struct Term {
        var value: String
        var names: [String]
    }

    let node: Node
    private var terms: [Term] = []
    private var sizes: [String: Int] = [:]
    private var parts: Composition

    init(node: Node) {
        self.node = node
        parts = Composition(node)
    }

    private func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }

    /// A name for each axis: its letter, or "*k" for the k-th from the end of those the dots stand for.
    mutating func add(
        _ letters: [Character],
        _ value: String,
        _ shape: Shape
    ) throws(ModelError) {
        let hidden = shape.rank - letters.count { $0 != "*" }
        guard letters.contains("*") ? hidden >= 0 : hidden == 0 else {
            throw fail("the term \(String(letters)) does not fit \(shape)")
        }
        let names = letters.flatMap { letter in
            letter == "*" ? (0..<hidden).map { "*\(hidden - $0)" } : [String(letter)]
        }
        guard names.count == shape.rank, Set(names).count == names.count else {
            throw fail("diagonals are not planned")
        }
        for (axis, name) in names.enumerated() {
            let known = sizes[name] ?? 1
            guard known == 1 || shape[axis] == 1 || known == shape[axis] else {
                throw fail("axis \(name) has sizes \(known) and \(shape[axis])")
            }
            sizes[name] = known == 1 ? shape[axis] : known
        }
        terms.append(Term(value: value, names: names))
    }

    /// What stands right of the arrow, or else the dots and the letters that occur once, in order.
    func outputNames(_ output: [Character]?) throws(ModelError) -> [String] {
        let all = terms.flatMap(\.names)
        let dots = Set(all.filter { $0.hasPrefix("*") }).sorted {
            ($0.count, $0) > ($1.count, $1)
        }
        guard let output else {
            let once = Set(all).filter { name in
                !name.hasPrefix("*") && all.count { $0 == name } == 1
            }
            return dots + once.sorted()
        }
        let names = output.flatMap { $0 == "*" ? dots : [String($0)] }
        guard names.allSatisfy(all.contains), Set(names).count == names.count else {
            throw fail("the result of the equation names unknown axes")
        }
        return names
    }

    mutating func lower(
        to result: [String],
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        for index in terms.indices { try dropRepeated(index, &plan) }
        while terms.count > 1 {
            let right = terms.remove(at: 1)
            let needed = Set(result + terms.dropFirst().flatMap(\.names))
            terms[0] = try product(terms[0], right, keeping: needed, &plan)
        }
        var term = try summed(terms[0], keeping: Set(result), &plan)
        term = try arranged(term, result.filter(term.names.contains), &plan)
        let shape = parts.list(result.map { sizes[$0] ?? 1 }, in: &plan)
        try parts.add("Reshape", [term.value, shape], isLast: true, to: &plan)
    }

    /// Leaves out axes of one element that are longer elsewhere: the same number for all of them.
    private mutating func dropRepeated(
        _ index: Int,
        _ plan: inout PlanBuilder
    ) throws(ModelError) {
        let term = terms[index]
        let shape = try size(of: term.value, &plan)
        let kept = term.names.indices.filter { shape[$0] != 1 || sizes[term.names[$0]] == 1 }
        guard kept.count < term.names.count else { return }
        let reshaped = try reshape(term.value, kept.map { shape[$0] }, &plan)
        terms[index] = Term(value: reshaped, names: kept.map { term.names[$0] })
    }

    /// The product of two terms, summed over what nobody needs any more.
    private mutating func product(
        _ first: Term,
        _ second: Term,
        keeping needed: Set<String>,
        _ plan: inout PlanBuilder
    ) throws(ModelError) -> Term {
        let left = try summed(first, keeping: needed.union(second.names), &plan)
        let right = try summed(second, keeping: needed.union(first.names), &plan)
        let shared = left.names.filter(right.names.contains)
        let batch = shared.filter(needed.contains)
        let inner = shared.filter { !needed.contains($0) }
        let rows = left.names.filter { !shared.contains($0) }
        let columns = right.names.filter { !shared.contains($0) }
        func count(_ names: [String]) -> Int { names.reduce(1) { $0 * (sizes[$1] ?? 1) } }
        let sums = [count(batch), count(rows), count(inner), count(columns)]
        let a = try arranged(left, batch + rows + inner, &plan)
        let b = try arranged(right, batch + inner + columns, &plan)
        let x = try reshape(a.value, [sums[0], sums[1], sums[2]], &plan)
        let y = try reshape(b.value, [sums[0], sums[2], sums[3]], &plan)
        // Where nothing is summed up, one number meets one number.
        let product = try parts.add(inner.isEmpty ? "Mul" : "MatMul", [x, y], to: &plan)
        let names = batch + rows + columns
        let value = try reshape(product, names.map { sizes[$0] ?? 1 }, &plan)
        return Term(value: value, names: names)
    }

    private mutating func summed(
        _ term: Term,
        keeping needed: Set<String>,
        _ plan: inout PlanBuilder
    ) throws(ModelError) -> Term {
        let gone = term.names.indices.filter { !needed.contains(term.names[$0]) }
        guard !gone.isEmpty else { return term }
        let value = try parts.add(
            "ReduceSum",
            [term.value, parts.list(gone, in: &plan)],
            ["keepdims": .int(0)],
            to: &plan
        )
        return Term(value: value, names: term.names.filter(needed.contains))
    }

    /// The term with its axes in this order; a constant is moved once, before its weights are packed.
    private mutating func arranged(
        _ term: Term,
        _ names: [String],
        _ plan: inout PlanBuilder
    ) throws(ModelError) -> Term {
        let order = names.compactMap { term.names.firstIndex(of: $0) }
        guard order != Array(order.indices) else { return term }
        let value: String
        if let constant = plan.graph.constants[term.value] {
            value = "\(term.value)/\(order)"
            plan.graph.constants[value] =
                plan.isTrial
                ? Tensor(sized: Shape(order.map { constant.shape[$0] }))
                : try constant.loaded().transposed(order)
        } else {
            value = try parts.add("Transpose", [term.value], .order(order), to: &plan)
        }
        return Term(value: value, names: names)
    }

    private mutating func reshape(
        _ value: String,
        _ shape: [Int],
        _ plan: inout PlanBuilder
    ) throws(ModelError) -> String {
        if let constant = plan.graph.constants[value] {
            guard constant.shape.dimensions != shape else { return value }
            let reshaped = "\(value)/\(shape)"
            plan.graph.constants[reshaped] = constant.reshaped(shape)
            return reshaped
        }
        return try parts.add(
            "Reshape",
            [value, parts.list(shape, in: &plan)],
            ["allowzero": .int(1)],
            to: &plan
        )
    }

    private func size(
        of value: String,
        _ plan: inout PlanBuilder
    ) throws(ModelError) -> Shape {
        let reader = Node(name: node.name, op: node.op, inputs: [value])
        return try plan.inputShape(reader, 0)
    }
}
