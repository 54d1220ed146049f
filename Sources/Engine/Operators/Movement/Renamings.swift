import Graph

extension Families {
    /// Operators that give the same elements another name or shape.
    static let renamings: [String: DeclaredOperator] = [
        "Identity": .init(Identity.self, takes: 1...1, gives: 1...1),
        "Dropout": .init(Dropout.self, takes: 1...3, gives: 1...2),
        "Reshape": .init(Reshape.self, takes: 1...2, gives: 1...1, traits: [.whole, .settings]),
        "Flatten": .init(Flatten.self, takes: 1...1, gives: 1...1, traits: .whole),
        "Squeeze": .init(Squeeze.self, takes: 1...2, gives: 1...1, traits: .settings),
        "Unsqueeze": .init(Unsqueeze.self, takes: 1...2, gives: 1...1, traits: .settings),
    ]
}

/// The same value under another name.
struct Identity: Renaming {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] { [try operands(0)] }
}

/// At inference the identity; a mask of nothing dropped.
struct Dropout: Renaming {
    private static let training = "training_mode of Dropout is not supported"

    func check(_ node: Node, constant: (_ input: Int) -> Tensor?) throws(ModelError) {
        // A ratio that comes with a request may still be 0.
        let ratio = constant(1)?.elements.doubles?.first ?? (node.inputs.count > 1 ? 0 : 0.5)
        if constant(2)?.elements.booleans?.first == true, ratio != 0 {
            throw .shape(node: node.name, reason: Self.training)
        }
    }

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        _ = try attributes.int("seed", default: 0, in: AttributeReader.any)
        guard attributes.opset < 12 else { return }
        _ = try attributes.float("ratio", default: 0.5)
        if attributes.opset < 7 {
            // Exporters leave is_test at 0 in models they made for inference.
            _ = try attributes.int("is_test", default: 0)
            _ = try attributes.ints("consumed_inputs")
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        if operands.optional(2)?.elements.booleans?.first == true,
            operands.optional(1)?.elements.doubles?.first ?? 0.5 != 0
        {
            throw operands.fail(Self.training)
        }
        guard operands.isWanted(1) else { return [input] }
        let mask = [Bool](repeating: true, count: try operands.count([input.count]))
        if operands.node.opset < 10 {
            // The mask had the input's type.
            let ones = try operands.result(
                input.shape.dimensions,
                mask.map { $0 ? 1.0 : 0 },
                input.type
            )
            return [input, ones]
        }
        return [input, Tensor(shape: input.shape, elements: .booleans(mask))]
    }
}

/// To the shape in the second input: 0 keeps a dimension, one −1 takes what is left.
struct Reshape: Renaming {
    private let shape: [Int]?
    private let allowsZero: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        shape = attributes.opset < 5 ? try attributes.ints("shape") ?? [] : nil
        allowsZero = try attributes.flag("allowzero", default: false)
        if attributes.opset < 5 { _ = try attributes.ints("consumed_inputs") }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let wanted = try shape.or(operands.integers(1))
        guard let target = reshaping(input.shape, to: wanted, allowsZero: allowsZero) else {
            throw operands.fail("\(input.shape) cannot be reshaped to \(wanted)")
        }
        return [input.reshaped(target)]
    }
}

/// The shape Reshape makes of `wanted`: 0 keeps a dimension, one −1 takes what is left; nil if it does not fit.
func reshaping(_ shape: Shape, to wanted: [Int], allowsZero: Bool) -> [Int]? {
    guard wanted.allSatisfy({ $0 >= -1 }) else { return nil }
    var target: [Int] = []
    for (axis, size) in wanted.enumerated() {
        guard size == 0, !allowsZero else {
            target.append(size)
            continue
        }
        guard axis < shape.rank else { return nil }
        target.append(shape[axis])
    }
    if let free = target.firstIndex(of: -1) {
        target[free] = 1
        guard let known = Shape(target).checkedCount, known > 0, shape.count % known == 0 else {
            return nil
        }
        target[free] = shape.count / known
    }
    return Shape(target).checkedCount == shape.count ? target : nil
}

/// [d0 … dn] to [d0 · … · d(axis−1), the rest].
struct Flatten: Renaming {
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 1)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let rank = input.shape.rank
        let axis = axis == rank ? rank : try operands.axis(axis, rank: rank)
        let dimensions = input.shape.dimensions
        return [
            input.reshaped([dimensions[..<axis].reduce(1, *), dimensions[axis...].reduce(1, *)])
        ]
    }
}

/// Axes are an attribute before opset 13, an input since.
struct Squeeze: Renaming {
    private let axes: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = attributes.opset < 13 ? try attributes.ints("axes") : nil
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let shape = input.shape
        let given = try axes.or(operands.optionalIntegers(1))
        let dropped =
            try given.map { (axes) throws(ModelError) in
                try operands.axes(axes, rank: shape.rank)
            } ?? shape.dimensions.indices.filter { shape[$0] == 1 }
        guard dropped.allSatisfy({ shape[$0] == 1 }) else {
            throw operands.fail("axes \(dropped) of \(shape) are not all 1")
        }
        let kept = shape.dimensions.indices.filter { !dropped.contains($0) }
        return [input.reshaped(kept.map { shape[$0] })]
    }
}

struct Unsqueeze: Renaming {
    private let axes: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = attributes.opset < 13 ? try attributes.ints("axes") : nil
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let given = try axes.or(operands.integers(1))
        let rank = input.shape.rank + given.count
        let added = Set(try operands.axes(given, rank: rank))
        var rest = input.shape.dimensions[...]
        return [
            input.reshaped((0..<rank).map { added.contains($0) ? 1 : rest.removeFirst() })
        ]
    }
}
