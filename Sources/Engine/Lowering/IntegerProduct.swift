import Compute
import Graph

/// Adds the step of rows of bytes times a constant matrix.
struct IntegerProductLowering {
    let layer: IntegerLayer

    /// Rows whose places are listed together.
    private static let rowsPerList = 48

    func lower(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let node = layer.node
        let source = try plan.value(input, as: .shifted)
        let sizes = plan.shape(of: source).dimensions
        let (inputs, outputs) = (layer.weights.size.channels, layer.weights.outputs)
        let rows = sizes.dropLast().reduce(1, *)
        let numbers = try layer.numbers(groups: 1, into: &plan)
        let output = try plan.define(
            node.outputs[0],
            Shape(sizes.dropLast() + [outputs]),
            layer.outputType == .int8 ? .shifted : .dense,
            type: layer.outputType
        )
        plan.count(rows * inputs * outputs, for: node)
        let perList = min(rows, Self.rowsPerList)
        let pieces = layer.weights.pieces
        let list = FloatStorage(
            .integers((0..<perList * pieces).map { $0 / pieces * inputs })
        )
        let lists = (rows + perList - 1) / perList
        // A vector times a large matrix is cut into parts of some blocks of outputs.
        let blocks = (outputs + 15) / 16
        let parts = max(1, min(8 / lists, blocks / 8, inputs * outputs >> 16))
        let (kernels, layer) = (plan.kernels, layer)
        plan.step(
            node.name,
            chunks: lists * parts,
            reads: [source] + numbers.all + layer.reads,
            writes: [output]
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            let (bias, scale) = (placement[numbers.bias], placement[numbers.scale])
            let addend = placement[numbers.addend]
            return { arena, chunk in
                let first = chunk / parts * perList
                let start = min(outputs, blocks * (chunk % parts) / parts * 16)
                let end = min(outputs, blocks * (chunk % parts + 1) / parts * 16)
                kernels.multiplyIntegers(
                    IntegerRows(taps: pieces, channels: inputs),
                    at: from.position(in: arena).bytes + first * inputs,
                    offsets: list.start.bytes,
                    count: min(perList, rows - first),
                    weights: layer.weights.packed.start + start / 16 * layer.weights.blockBytes,
                    outputs: end - start,
                    OutputNumbers(
                        bias: bias.position(in: arena).bytes,
                        scale: scale.position(in: arena),
                        addend: addend.position(in: arena)
                    ).moved(by: start),
                    layer.form,
                    into: to.position(in: arena).bytes
                        + (first * outputs + start) * layer.outputWidth,
                    row: outputs
                )
            }
        }
    }
}
