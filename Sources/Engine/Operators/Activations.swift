import Compute
import Graph
import KernelInterface

/// Element-wise nonlinearities.
enum Activations {
    static let operators: [any Operator.Type] =
        [Relu.self, Tanh.self, Sigmoid.self, BoundedActivation.self] + RealFunctions.operators
}

/// max(x, 0).
struct Relu: PlainOperator {
    static let name = "Relu"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if try plan.isInteger(node, 0) {
            try lowerIntegers(node, .positive, into: &plan)
            return
        }
        let kernels = plan.kernels
        try lowerActivation(node, into: &plan) {
            kernels.activate(Activation.relu, $0, into: $1, count: $2)
        }
    }
}

/// Hyperbolic tangent.
struct Tanh: PlainOperator {
    static let name = "Tanh"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let kernels = plan.kernels
        try lowerActivation(node, into: &plan) {
            kernels.activate(Activation.tanh, $0, into: $1, count: $2)
        }
    }
}

/// The logistic function 1 / (1 + exp(−x)).
struct Sigmoid: PlainOperator {
    static let name = "Sigmoid"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let kernels = plan.kernels
        try lowerActivation(node, into: &plan) {
            kernels.activate(Activation.sigmoid, $0, into: $1, count: $2)
        }
    }
}

/// ONNX Clip: min(max, max(min, x)), the bounds constant inputs or, before opset 11, attributes.
struct BoundedActivation: Operator {
    static let name = "Clip"

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        _ = try (attributes.float("min", default: 0), attributes.float("max", default: 0))
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
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
        try Operators.make(step).lower(step, into: &plan)
        source = target
    }
}

/// Keeps the input's layout, unless `apply` makes no number of the zeros beside a value's last channels.
func lowerActivation(
    _ node: Node,
    into plan: inout PlanBuilder,
    keepsLayout: Bool = true,
    apply: @escaping @Sendable (_ x: FloatPosition, _ y: FloatPosition, _ count: Int) -> Void
) throws(ModelError) {
    var source = try plan.input(node, 0)
    if !keepsLayout { source = try plan.value(source, as: .dense) }
    let output = try plan.define(node.outputs[0], plan.shape(of: source), plan[source].layout)
    let runs = Runs(plan[source])
    plan.step(
        node.name,
        chunks: runs.chunks,
        reads: [source],
        writes: [output],
        planes: runs.planes,
        isExact: true
    ) { [source] placement in
        let (from, to) = (placement[source], placement[output])
        return { arena, chunk in
            let (input, output) = (from.position(in: arena), to.position(in: arena))
            runs.forEach(in: chunk, (from, to, to)) { offsets, count in
                apply(input + offsets.0, output + offsets.1, count)
            }
        }
    }
}
