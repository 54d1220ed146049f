import Compute
import Graph
import KernelInterface

/// y = f(x), each element of its own, by a kernel's loop.
func lowerFunction(
    _ node: Node,
    _ function: ElementFunction,
    keepsLayout: Bool = true,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let kernels = plan.kernels
    try lowerActivation(
        node,
        into: &plan,
        keepsLayout: keepsLayout,
        effort: function.function.effort
    ) { x, y, count in
        kernels.apply(function, x, into: y, count: count)
    }
}

extension UnaryFunction {
    /// What one number costs, in multiply–adds: memory, or arithmetic.
    fileprivate var effort: Int {
        switch self {
        case .softsign, .hardSigmoid, .hardSwish, .leakyRelu, .thresholdedRelu, .shrink, .abs,
            .neg, .sqrt, .reciprocal, .floor, .ceil, .round, .sign, .half, .brainHalf:
            8
        default: 32
        }
    }
}

/// Keeps the input's layout, unless `apply` makes no number of the zeros beside a value's last channels.
func lowerActivation(
    _ node: Node,
    into plan: inout PlanBuilder,
    keepsLayout: Bool = true,
    effort: Int = 8,
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
        isExact: true,
        effort: effort
    ) { [source] placement in
        let (from, to) = (placement[source], placement[output])
        return { arena, chunk in
            let (input, output) = (from.position(in: arena), to.position(in: arena))
            runs.forEach(in: chunk, of: arena, (from, to, to)) { offsets, count in
                apply(input + offsets.0, output + offsets.1, count)
            }
        }
    }
}
