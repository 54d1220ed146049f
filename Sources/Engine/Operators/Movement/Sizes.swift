import Graph

extension Families {
    /// Operators that tell the shape.
    static let sizes: [String: DeclaredOperator] = [
        "Shape": .init(ShapeOf.self, takes: 1...1, gives: 1...1),
        "Size": .init(ShapeOf.self, takes: 1...1, gives: 1...1),
    ]
}

/// Shape from `start` to `end`, or the number of elements.
struct ShapeOf: Operator {
    static var bytesPerInput: Int { 0 }
    private let start: Int
    private let end: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        guard attributes.op == "Shape" else {
            (start, end) = (0, nil)
            return
        }
        start = try attributes.int("start", default: 0, in: AttributeReader.any)
        end = try attributes.optionalInt("end", in: AttributeReader.any)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let shape = try operands(0).shape
        if operands.node.op == "Size" { return [Tensor(shape: [], integers: [shape.count])] }
        return [Self.slice(shape, start, end)]
    }

    private static func slice(_ shape: Shape, _ start: Int, _ end: Int?) -> Tensor {
        func place(_ axis: Int) -> Int {
            min(max(axis < 0 ? axis &+ shape.rank : axis, 0), shape.rank)
        }
        let (first, last) = (place(start), place(end ?? shape.rank))
        let sizes = first < last ? Array(shape.dimensions[first..<last]) : []
        return Tensor(shape: [sizes.count], integers: sizes)
    }
}
