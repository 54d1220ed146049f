import Graph

extension Evaluators {
    static let comparisons: [String: EvaluatedOperator] = [
        "Equal": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "Less": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "LessOrEqual": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "Greater": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "GreaterOrEqual": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "And": .init(Logic.self, takes: 2...2, gives: 1...1),
        "Or": .init(Logic.self, takes: 2...2, gives: 1...1),
        "Xor": .init(Logic.self, takes: 2...2, gives: 1...1),
        "Where": .init(Choice.self, takes: 3...3, gives: 1...1),
    ]
}

/// Truth values of two operands with NumPy's broadcasting.
private struct Comparison: Evaluated {
    private let legacy: LegacyBroadcast?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        legacy = try LegacyBroadcast(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (a, b) = (try operands(0), try operands(1))
        guard a.type == b.type else {
            throw operands.fail("\(operands.node.op) of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        var other = b.shape.dimensions
        if let legacy { other = try legacy.aligned(other, with: a.shape, operands) }
        let shape = try operands.broadcast([a.shape, Shape(other)])
        let left = a.broadcast(a.shape.dimensions, to: shape).elements
        let right = b.broadcast(other, to: shape).elements
        let op = operands.node.op
        let flags: [Bool]
        switch (left, right) {
        case (.strings(let x), .strings(let y)):
            guard op == "Equal" else { throw operands.unfit(a.type) }
            flags = zip(x, y).map { $0 == $1 }
        case (.floats(let x), .floats(let y)): flags = compare(x, y, op)
        case (.int32(let x), .int32(let y)): flags = compare(x, y, op)
        case (.uint64(let x), .uint64(let y)): flags = compare(x, y, op)
        default:
            if let x = left.signed, let y = right.signed {
                flags = compare(x, y, op)
            } else {
                flags = compare(left.doubles ?? [], right.doubles ?? [], op)
            }
        }
        return [Tensor(shape: Shape(shape), elements: .booleans(flags))]
    }

    private func compare<Value: Comparable>(_ a: [Value], _ b: [Value], _ op: String) -> [Bool] {
        switch op {
        case "Less": zip(a, b).map { $0 < $1 }
        case "LessOrEqual": zip(a, b).map { $0 <= $1 }
        case "Greater": zip(a, b).map { $0 > $1 }
        case "GreaterOrEqual": zip(a, b).map { $0 >= $1 }
        default: zip(a, b).map { $0 == $1 }
        }
    }
}

private struct Logic: Evaluated {
    private let legacy: LegacyBroadcast?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        legacy = try LegacyBroadcast(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (a, b) = (try operands(0), try operands(1))
        guard let x = a.elements.booleans, let y = b.elements.booleans else {
            throw operands.unfit(a.elements.booleans == nil ? a.type : b.type)
        }
        var other = b.shape.dimensions
        if let legacy { other = try legacy.aligned(other, with: a.shape, operands) }
        let shape = try operands.broadcast([a.shape, Shape(other)])
        let left = x.picked(broadcastOffsets(a.shape.dimensions, to: shape))
        let right = y.picked(broadcastOffsets(other, to: shape))
        let flags = zip(left, right).map { p, q in
            switch operands.node.op {
            case "And": p && q
            case "Or": p || q
            default: p != q
            }
        }
        return [Tensor(shape: Shape(shape), elements: .booleans(flags))]
    }
}

/// Where: the second operand's element where the condition holds, else the third's.
private struct Choice: Evaluated {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (condition, a, b) = (try operands(0), try operands(1), try operands(2))
        guard let flags = condition.elements.booleans else { throw operands.unfit(condition.type) }
        guard let all = a.elements.joined(b.elements) else {
            throw operands.fail("Where of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        let shape = try operands.broadcast([condition.shape, a.shape, b.shape])
        let places = [condition, a, b].map { tensor in
            broadcastOffsets(tensor.shape.dimensions, to: shape)
        }
        let count = try operands.count(shape)
        let sources = (0..<count).map { index in
            flags[places[0]?[index] ?? index]
                ? places[1]?[index] ?? index : a.count + (places[2]?[index] ?? index)
        }
        return [Tensor(shape: Shape(shape), elements: all.picking(sources))]
    }
}
