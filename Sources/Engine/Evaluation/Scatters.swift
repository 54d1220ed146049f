import Graph

extension Evaluators {
    static let scatters: [String: EvaluatedOperator] = [
        "Scatter": .init(ScatterElements.self, takes: 3...3, gives: 1...1),
        "ScatterElements": .init(ScatterElements.self, takes: 3...3, gives: 1...1),
        "ScatterND": .init(ScatterPoints.self, takes: 3...3, gives: 1...1),
    ]
}

/// How an update joins the element it meets.
private struct Reduction {
    let operation: Arithmetic?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let word = try attributes.string("reduction", default: "none")
        let known: [String: Arithmetic] = [
            "add": .add, "mul": .multiply, "max": .maximum, "min": .minimum,
        ]
        guard word == "none" || known[word] != nil else {
            throw attributes.mismatch("reduction", "none, add, mul, max or min", .string(word))
        }
        operation = known[word]
    }

    /// `data` with update i joined to the element at places[i].
    func apply(
        _ places: [Int],
        _ data: Tensor,
        _ updates: Tensor,
        _ operands: Operands
    ) throws(ModelError) -> Tensor {
        guard data.type == updates.type, places.count == updates.count else {
            throw operands.fail("updates \(updates.shape) do not fit \(data.shape)")
        }
        guard let operation else {
            guard let all = data.elements.joined(updates.elements) else {
                throw operands.unfit(updates.type)
            }
            var sources = Array(0..<data.count)
            for (index, place) in places.enumerated() { sources[place] = data.count + index }
            return Tensor(shape: data.shape, elements: all.picking(sources))
        }
        guard let numbers = data.elements.numbers, let others = updates.elements.numbers,
            let elements = Tensor.Elements(
                reduce(numbers, others, places, operation),
                as: data.type
            )
        else { throw operands.unfit(data.type) }
        return Tensor(shape: data.shape, elements: elements)
    }

    private func reduce(
        _ data: Numbers,
        _ updates: Numbers,
        _ places: [Int],
        _ operation: Arithmetic
    ) -> Numbers {
        switch (data, updates) {
        case (.floats(var values), .floats(let news)):
            for (index, place) in places.enumerated() {
                values[place] = operation(values[place], news[index])
            }
            return .floats(values)
        case (.signed(var values), .signed(let news)):
            for (index, place) in places.enumerated() {
                values[place] = operation(values[place], news[index])
            }
            return .signed(values)
        case (.unsigned(var values), .unsigned(let news)):
            for (index, place) in places.enumerated() {
                values[place] = operation(values[place], news[index])
            }
            return .unsigned(values)
        default: return data
        }
    }
}

private struct ScatterElements: Evaluated {
    private let axis: Int
    private let reduction: Reduction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
        reduction = try Reduction(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (data, indices) = (try operands(0), try operands(1))
        _ = try operands.count(indices.shape.dimensions)
        let places = try elementPlaces(operands, data.shape, indices.shape, axis: axis)
        return [try reduction.apply(places, data, operands(2), operands)]
    }
}

private struct ScatterPoints: Evaluated {
    private let reduction: Reduction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        reduction = try Reduction(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let data = try operands(0)
        let points = try PointPlaces(operands, data.shape, operands(1), batches: 0)
        guard try operands.count([points.starts.count, points.sliceCount]) == operands(2).count
        else { throw operands.fail("updates \(try operands(2).shape) do not fit \(data.shape)") }
        let places = points.starts.flatMap { Array($0..<$0 + points.sliceCount) }
        return [try reduction.apply(places, data, operands(2), operands)]
    }
}
