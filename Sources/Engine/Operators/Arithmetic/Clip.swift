import Compute
import Graph

extension Families {
    static let clip: [String: DeclaredOperator] = [
        "Clip": .init(Clip.self, takes: 1...3, gives: 1...1)
    ]
}

/// min(max(x, low), high); the bounds are attributes before opset 11, inputs since.
struct Clip: PlannedOperator {
    private let bounds: (low: Float, high: Float)?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        // A layer, or what rewrites make, says them as attributes too.
        guard attributes.opset < 11 || attributes.has("min") || attributes.has("max") else {
            bounds = nil
            return
        }
        if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
        let largest = Float.greatestFiniteMagnitude
        bounds = (
            try attributes.float("min", default: -largest),
            try attributes.float("max", default: largest)
        )
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        for index in 1...2 {
            guard let bound = operands.optional(index) else { continue }
            guard bound.type == input.type, bound.count == 1 else {
                throw operands.fail("the bounds of Clip must be single numbers of its input's type")
            }
        }
        let (low, high) = (operands.optional(1)?.elements, operands.optional(2)?.elements)
        let numbers: Numbers
        switch try operands.numbers(0) {
        case .floats(let values):
            let low = bounds.map { Double($0.low) } ?? low?.doubles?[0] ?? -.infinity
            let high = bounds.map { Double($0.high) } ?? high?.doubles?[0] ?? .infinity
            numbers = .floats(values.map { $0.isNaN ? $0 : min(max($0, low), high) })
        case .signed(let values):
            let (low, high) = (low?.signed?[0] ?? .min, high?.signed?[0] ?? .max)
            numbers = .signed(values.map { min(max($0, low), high) })
        case .unsigned(let values):
            let (low, high) = (low?.unsigned?[0] ?? .min, high?.unsigned?[0] ?? .max)
            numbers = .unsigned(values.map { min(max($0, low), high) })
        }
        guard let elements = Tensor.Elements(numbers, as: input.type) else {
            throw operands.unfit(input.type)
        }
        return [Tensor(shape: input.shape, elements: elements)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if let range = plan.graph.integerBounds(node) {
            let input = try plan.typed(node, 0)
            let type = plan[input].type
            let fits = (1..<node.inputs.count).allSatisfy {
                node.inputs[$0].isEmpty || plan.constant(node, $0)?.type == type
            }
            if fits, [.int8, .uint8].contains(type) {
                return try plan.clipped(node, input, to: range)
            }
        }
        guard let bounds = plan.graph.clipBounds(node), try !plan.isInteger(node, 0) else {
            try lowerComputedBounds(node, into: &plan)
            return
        }
        let kernels = plan.kernels
        try lowerActivation(node, into: &plan) { x, y, count in
            kernels.clip(x, from: bounds[0], to: bounds[1], into: y, count: count)
        }
    }
}

extension Graph {
    /// The constant whole numbers that a Clip leaves as they are; nil where it has other bounds, or none at all.
    func integerBounds(_ node: Node) -> ClosedRange<Int>? {
        func bound(_ index: Int, _ none: Int) -> Int? {
            guard index < node.inputs.count, !node.inputs[index].isEmpty else { return none }
            guard let constant = constants[node.inputs[index]], constant.type.isInteger,
                constant.count == 1
            else { return nil }
            return constant.elements.signed?.first
        }
        guard node.inputs.count > 1, let low = bound(1, .min), let high = bound(2, .max),
            low <= high
        else { return nil }
        return low...high
    }
}

/// Bounds that are computed: the greater of x and the lower one, then the smaller of that and the upper one.
private func lowerComputedBounds(
    _ node: Node,
    into plan: inout PlanBuilder
) throws(ModelError) {
    var source = node.inputs[0]
    let bounds = [(1, "Max"), (2, "Min")].filter { index, _ in
        index < node.inputs.count && !node.inputs[index].isEmpty
    }
    guard !bounds.isEmpty else {
        let source = try plan.typed(node, 0)
        _ = try plan.alias(node.outputs[0], of: source, shape: plan.shape(of: source))
        return
    }
    for (index, op) in bounds {
        let (bounded, bound) = (try plan.typed(node, 0), try plan.typed(node, index))
        guard plan.shape(of: bound).count == 1,
            plan.shape(of: bound).rank <= plan.shape(of: bounded).rank
        else {
            throw .shape(node: node.name, reason: "the bounds of Clip must be single numbers")
        }
        let target = index == bounds.last?.0 ? node.outputs[0] : "\(node.outputs[0])/raised"
        let step = Node(
            name: node.name,
            op: op,
            inputs: [source, node.inputs[index]],
            outputs: [target]
        )
        try plan.lower(step)
        source = target
    }
}
