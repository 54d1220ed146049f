import Graph

extension Families {
    static let conditionalChoices: [String: DeclaredOperator] = [
        "Compress": .init(Compressed.self, takes: 2...2, gives: 1...1),
        "NonZero": .init(NonZero.self, takes: 1...1, gives: 1...1),
    ]
}

/// Slices along an axis (or elements) where a condition holds.
struct Compressed: Operator {
    private let axis: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.optionalInt("axis")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        var input = try operands(0)
        guard let flags = try operands(1).elements.booleans else {
            throw operands.fail("the condition must be truth values")
        }
        if axis == nil { input = input.reshaped([input.count]) }
        let axis = try operands.axis(axis ?? 0, rank: input.shape.rank)
        guard flags.count <= input.shape[axis] else {
            throw operands.fail("the condition is longer than axis \(axis)")
        }
        let kept = flags.indices.filter { flags[$0] }
        var shape = input.shape.dimensions
        let strides = rowMajorStrides(shape)
        shape[axis] = kept.count
        var stepless = strides
        stepless[axis] = 0
        // Which of the kept slices an element is in follows from its own place.
        let inner = shape[(axis + 1)...].reduce(1, *)
        let sources = offsets(shape, strides: stepless).enumerated().map { place, base in
            base + kept[place / inner % kept.count] * strides[axis]
        }
        return [input.picking(sources, shape: shape)]
    }
}

struct NonZero: Operator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let values = input.elements.doubles else { throw operands.unfit(input.type) }
        let places = values.indices.filter { values[$0] != 0 }
        _ = try operands.count([input.shape.rank, places.count])
        let (shape, strides) = (input.shape.dimensions, rowMajorStrides(input.shape.dimensions))
        let rows = shape.indices.flatMap { axis in
            places.map { $0 / strides[axis] % shape[axis] }
        }
        return [Tensor(shape: [shape.count, places.count], integers: rows)]
    }
}
