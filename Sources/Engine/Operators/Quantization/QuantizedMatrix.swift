import Compute
import Graph

/// MatMulInteger, QLinearMatMul, and products between DequantizeLinear and QuantizeLinear.
struct QuantizedMatrix {
    let node: Node

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let given = try QuantizedInputs(node, into: &plan) { $0.dimensions.last ?? 0 }
        try lower(
            given.input,
            given.weights,
            isTransposed: false,
            zero: given.zero,
            given.result,
            numbers: given.numbers,
            into: &plan
        )
    }

    /// `weights` are integers [K, N], or [N, K] where they are transposed.
    func lower(
        _ input: ValueID,
        _ weights: ByteWeights,
        isTransposed: Bool,
        zero: IntegerLayer.Zero,
        _ result: IntegerLayer.Result,
        numbers: IntegerNumbers,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let (shape, sizes) = (plan.shape(of: input), weights.shape)
        let isMatrix = sizes.count == 2
        let inputs = isMatrix ? sizes[isTransposed ? 1 : 0] : 0
        let outputs = isMatrix ? sizes[isTransposed ? 0 : 1] : 0
        guard shape.rank >= 2, shape.dimensions.last == inputs, inputs > 0, outputs > 0
        else {
            throw .shape(
                node: node.name,
                reason: "plans multiply \(shape) by constant matrices, not \(Shape(sizes))"
            )
        }
        let size = IntegerWeights.Size(outputs: outputs, taps: 1, channels: inputs, groups: 1)
        let mostBytes = plan.largest
        let packed = try plan.weights.integers("\(weights.name)/\(isTransposed)") {
            () throws(ModelError) in
            try IntegerWeights(size, node: node, mostBytes: mostBytes) { output, _, input in
                weights.integer(isTransposed ? output * inputs + input : input * outputs + output)
                    - weights.zero(output)
            }
        }
        try IntegerProductLowering(
            layer: IntegerLayer(
                node: node,
                weights: packed,
                zero: zero,
                inputType: plan[input].type,
                result: result,
                bias: numbers.bias,
                scale: numbers.scale,
                addend: numbers.addend
            )
        ).lower(input, into: &plan)
    }
}
