import Compute
import Graph

extension Families {
    static let scatters: [String: DeclaredOperator] = [
        "Scatter": .init(ScatterElements.self, takes: 3...3, gives: 1...1),
        "ScatterElements": .init(ScatterElements.self, takes: 3...3, gives: 1...1),
        "ScatterND": .init(ScatterND.self, takes: 3...3, gives: 1...1),
    ]
}

/// How an update joins the element it meets.
private struct UpdateReduction {
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
        to data: Tensor,
        updates: Tensor,
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
                reduce(numbers, others, at: places, by: operation),
                as: data.type
            )
        else { throw operands.unfit(data.type) }
        return Tensor(shape: data.shape, elements: elements)
    }

    private func reduce(
        _ data: Numbers,
        _ updates: Numbers,
        at places: [Int],
        by operation: Arithmetic
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

    /// The same as a step's work on neighbouring elements.
    func update(
        _ node: Node,
        _ value: PlannedValue,
        _ kernels: KernelSet
    ) throws(ModelError) -> UpdateSteps.Update {
        let operation = operation.flatMap { FloatArithmetic(rawValue: $0.rawValue) }
        return try UpdateSteps(operation: operation).update(node, value, kernels)
    }
}

/// `data` with update i joined to the element that index i names along `axis`, one after the other.
struct ScatterElements: PlannedOperator {
    private let axis: Int
    private let reduction: UpdateReduction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: 0)
        reduction = try UpdateReduction(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (data, indices) = (try operands(0), try operands(1))
        _ = try operands.count(indices.shape.dimensions)
        let places = try elementPlaces(operands, data.shape, indices.shape, axis: axis)
        return [try reduction.apply(places, to: data, updates: operands(2), operands)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let (source, updates) = (try plan.typed(node, 0), try plan.typed(node, 2))
        let data = plan.shape(of: source)
        let axis = try normalised(axis, rank: data.rank, node)
        let indices = try plan.indices(node, 1, limits: [data[axis]])
        let given = plan.shape(of: indices)
        let elements = try ElementWalk(node, data, given, axis: axis)
        guard plan[updates].type == plan[source].type, plan.shape(of: updates).count == given.count
        else { throw .shape(node: node.name, reason: "updates do not fit \(data)") }
        let (walk, width) = (elements.walk, plan[source].width)
        let update = try reduction.update(node, plan[source], plan.kernels)
        let output = try plan.copied(source, as: node.outputs[0], node)
        plan.updateStep(node, at: indices, from: updates, to: output) { x, y, numbers in
            for chunk in 0..<walk.chunks {
                walk.forEachStretch(ofChunk: chunk) { start, count, offsets in
                    for index in start..<start + count {
                        let place =
                            offsets.0 + (index - start) * walk.steps.0
                            + numbers[integer: index] * elements.stride
                        update(y + place * width, x + index * width, 1)
                    }
                }
            }
        }
    }
}

/// `data` with slices joined to those that the last axis of the indices names, one after the other.
struct ScatterND: PlannedOperator {
    private let reduction: UpdateReduction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        reduction = try UpdateReduction(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let data = try operands(0)
        let points = try PointPlaces(operands, data.shape, operands(1), batches: 0)
        guard try operands.count([points.starts.count, points.sliceCount]) == operands(2).count
        else { throw operands.fail("updates \(try operands(2).shape) do not fit \(data.shape)") }
        let places = points.starts.flatMap { Array($0..<$0 + points.sliceCount) }
        return [try reduction.apply(places, to: data, updates: operands(2), operands)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let (source, updates) = (try plan.typed(node, 0), try plan.typed(node, 2))
        let given = try plan.typedShape(node, 1)
        let walk = try PointWalk(node, plan.shape(of: source), given, batches: 0)
        let indices = try plan.indices(node, 1, limits: walk.limits)
        guard plan[updates].type == plan[source].type,
            Shape([walk.points, walk.slice]).checkedCount == plan.shape(of: updates).count
        else { throw .shape(node: node.name, reason: "updates do not fit the indices") }
        let width = plan[source].width
        let update = try reduction.update(node, plan[source], plan.kernels)
        let output = try plan.copied(source, as: node.outputs[0], node)
        plan.updateStep(node, at: indices, from: updates, to: output) { x, y, numbers in
            for point in 0..<walk.points {
                update(
                    y + walk.start(point, numbers) * width,
                    x + point * walk.slice * width,
                    walk.slice
                )
            }
        }
    }
}
