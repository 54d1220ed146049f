import Graph

extension Families {
    static let generators: [String: DeclaredOperator] = [
        "Constant": .init(ConstantValue.self, takes: 0...0, gives: 1...1),
        "ConstantOfShape": .init(FilledShape.self, takes: 1...1, gives: 1...1),
        "Range": .init(NumberRange.self, takes: 3...3, gives: 1...1),
    ]
}

struct ConstantValue: Operator {
    static var bytesPerInput: Int { 0 }
    private let value: Tensor

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        if let tensor = try attributes.tensor("value") {
            value = tensor
        } else if let number = try attributes.optionalInt("value_int", in: AttributeReader.any) {
            value = Tensor(shape: [], integers: [number])
        } else if let numbers = try attributes.ints("value_ints", in: AttributeReader.any) {
            value = Tensor(shape: [numbers.count], integers: numbers)
        } else if let numbers = try attributes.floats("value_floats") {
            value = Tensor(shape: [numbers.count], floats: numbers)
        } else if let texts = try attributes.strings("value_strings") {
            value = Tensor(
                shape: [texts.count],
                elements: .strings(texts.map { Array($0.utf8) })
            )
        } else if attributes.has("value_string") {
            let text = try attributes.string("value_string", default: "")
            value = Tensor(shape: [], elements: .strings([Array(text.utf8)]))
        } else if attributes.has("value_float") {
            value = Tensor(shape: [], floats: [try attributes.float("value_float", default: 0)])
        } else {
            throw attributes.mismatch("value", "a tensor", .string("nothing"))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] { [value] }
}

struct FilledShape: Operator {
    static var bytesPerInput: Int { 0 }
    private let value: Tensor

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        value = try attributes.tensor("value") ?? Tensor(shape: [1], floats: [0])
        guard value.count == 1 else {
            throw attributes.mismatch("value", "a single number", .tensor(value))
        }
    }

    /// The number that is repeated, if it is float32.
    var number: Float? { value.floats?.first }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let shape = try operands.integers(0)
        guard shape.allSatisfy({ $0 >= 0 }) else { throw operands.fail("no shape: \(shape)") }
        let places = [Int](repeating: 0, count: try operands.count(shape))
        return [value.picking(places, shape: shape)]
    }
}

/// start, start + delta, … before limit.
struct NumberRange: Operator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {
        // Says only in which precision to count.
        _ = try attributes.int("stash_type", default: 1)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let type = try operands(0).type
        var bounds: [Double] = []
        for index in 0..<3 {
            let tensor = try operands(index)
            guard tensor.count == 1, tensor.type == type, let value = tensor.elements.doubles?.first
            else { throw operands.fail("Range needs three single numbers of one type") }
            bounds.append(value)
        }
        guard bounds[2] != 0 else { throw operands.fail("delta is 0") }
        let length = ((bounds[1] - bounds[0]) / bounds[2]).rounded(.up)
        guard length.isFinite else { throw operands.fail("Range has no end") }
        let count = try operands.count([max(0, Int(saturating: length))])
        let values = (0..<count).map { bounds[0] + Double($0) * bounds[2] }
        return [try operands.result([count], values, type)]
    }
}
