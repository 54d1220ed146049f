import Compute
import Graph

/// A transposed convolution with strides as one convolution for each residue of the outputs' places.
///
/// Output s·q + r is the sum of x[q − j] w[r + s·j] over j: the residues r are outputs of one convolution of a kernel s times
/// shorter, which a step then puts side by side. Nothing is multiplied by the zeros between spread inputs.
struct PhasedConvolution {
    private let node: Node
    private let shape: Shape
    private let weights: Tensor
    private let rows: Axis
    private let columns: Axis

    /// One spatial axis: sizes of the input, the kernel and the answer.
    private struct Axis {
        var input = 1
        var kernel = 1
        var stride = 1
        /// What is cut off at the beginning, and how much is left.
        var begin = 0
        var output = 1

        /// Taps of each residue's kernel.
        var taps: Int { (kernel + stride - 1) / stride }
        /// Outputs of each residue.
        var places: Int { input + taps - 1 }
        var fits: Bool { begin >= 0 && output > 0 && begin + output <= stride * places }
    }

    /// Nil where strides are 1, or outputs lie beyond what is computed.
    init?(_ general: TransposedConvolution, _ shape: Shape, weights: Tensor) {
        let count = shape.rank - 2
        guard general.groups == 1, general.dilations.allSatisfy({ $0 == 1 }),
            (1...2).contains(count),
            weights.type == .float32, weights.shape.rank == shape.rank,
            weights.shape[0] == shape[1], shape.count > 0, weights.count > 0,
            general.strides.count == count, general.pads.count == 2 * count,
            general.outputPadding.count == count, general.pads.allSatisfy({ $0 >= 0 }),
            general.outputPadding.allSatisfy({ $0 >= 0 })
        else { return nil }
        let axes = (0..<count).map { index in
            let (input, kernel) = (shape[index + 2], weights.shape[index + 2])
            // Windows of a single input lie side by side whatever the stride is.
            let stride = max(general.strides[index], input == 1 ? kernel : 1)
            let whole = (input - 1) * stride + kernel + general.outputPadding[index]
            return Axis(
                input: input,
                kernel: kernel,
                stride: stride,
                begin: general.pads[index],
                output: whole - general.pads[index] - general.pads[index + count]
            )
        }
        guard axes.allSatisfy(\.fits), axes.contains(where: { $0.stride > 1 }) else { return nil }
        node = general.node
        (self.shape, self.weights) = (shape, weights)
        (rows, columns) = (count == 1 ? Axis() : axes[0], axes[count - 1])
    }

    private var residues: Int { rows.stride * columns.stride }
    private var outputs: Int { weights.shape[1] }
    private var isSeries: Bool { shape.rank == 3 }

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let taps = isSeries ? [columns.taps] : [rows.taps, columns.taps]
        let around = taps.map { $0 - 1 }
        var conv = Node(name: node.name, op: "Conv", opset: node.opset)
        conv.inputs = [node.inputs[0], "\(node.name)/residues"]
        conv.outputs = ["\(node.outputs[0])/residues"]
        conv.attributes = ["kernel_shape": .ints(taps), "pads": .ints(around + around)]
        plan.graph.constants[conv.inputs[1]] = kernels
        if let bias = try node.constantBias(plan) {
            guard bias.count == outputs else {
                throw .shape(node: node.name, reason: "the bias does not fit")
            }
            conv.inputs.append("\(node.name)/bias")
            plan.graph.constants[conv.inputs[2]] = Tensor(
                shape: [outputs * residues],
                floats: bias.flatMap { Array(repeating: $0, count: residues) }
            )
        }
        try plan.lower(conv)
        guard let made = plan.id(named: conv.outputs[0]) else { return }
        try interleave(try plan.value(made, as: .dense), into: &plan)
    }

    /// [I, O, kh, kw] as [O · residues, I, …], each residue's kernel turned by half a turn.
    private var kernels: Tensor? {
        let (rows, columns, residues, outputs) = (rows, columns, residues, outputs)
        let inputs = weights.shape[0]
        let sizes = isSeries ? [columns.taps] : [rows.taps, columns.taps]
        guard let given = weights.storedFloats else { return nil }
        let shape = Shape([outputs * residues, inputs] + sizes)
        let stored = StoredFloats(count: shape.count) { () throws(ModelError) in
            let values = try given.read()
            var result: [Float] = []
            result.reserveCapacity(outputs * residues * inputs * rows.taps * columns.taps)
            for unit in 0..<outputs * residues {
                let (output, residue) = unit.quotientAndRemainder(dividingBy: residues)
                for input in 0..<inputs {
                    let start = (input * outputs + output) * rows.kernel * columns.kernel
                    for row in (0..<rows.taps).reversed() {
                        let y = residue / columns.stride + rows.stride * row
                        for column in (0..<columns.taps).reversed() {
                            let x = residue % columns.stride + columns.stride * column
                            let isInside = y < rows.kernel && x < columns.kernel
                            result.append(
                                isInside ? values[start + y * columns.kernel + x] : 0
                            )
                        }
                    }
                }
            }
            return result
        }
        return Tensor(shape: shape, stored: stored)
    }

    /// [N, O · residues, places, places] to the answer's [N, O, height, width].
    private func interleave(_ source: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let sizes = isSeries ? [columns.output] : [rows.output, columns.output]
        let output = try plan.define(
            node.outputs[0],
            Shape([shape[0], outputs] + sizes),
            .dense
        )
        let planes = shape[0] * outputs
        let parts = max(1, min(rows.output, 8 / planes))
        let (rows, columns, residues) = (rows, columns, residues)
        plan.step(node.name, chunks: planes * parts, reads: [source], writes: [output]) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (plane, part) = chunk.quotientAndRemainder(dividingBy: parts)
                let place = rows.places * columns.places
                let input = from.position(in: arena) + plane * residues * place
                let target = to.position(in: arena) + plane * rows.output * columns.output
                for y in rows.output * part / parts..<rows.output * (part + 1) / parts {
                    let (q, r) = (y + rows.begin).quotientAndRemainder(dividingBy: rows.stride)
                    let line = target + y * columns.output
                    for residue in 0..<columns.stride {
                        let source =
                            input + (r * columns.stride + residue) * place + q * columns.places
                        let first =
                            (residue + columns.stride - columns.begin % columns.stride)
                            % columns.stride
                        var index = (first + columns.begin) / columns.stride
                        for x in stride(from: first, to: columns.output, by: columns.stride) {
                            line[x] = source[index]
                            index += 1
                        }
                    }
                }
            }
        }
    }
}
