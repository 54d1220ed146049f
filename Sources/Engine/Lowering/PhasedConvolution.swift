import Compute
import Graph

/// A transposed convolution with strides as one convolution for each residue of the outputs' places.
///
/// Output s·q + r is the sum of x[q − j] w[r + s·j] over j: the residues r are outputs of one convolution of a kernel s times
/// shorter, which a step then puts side by side. Nothing is multiplied by the zeros between spread inputs.
struct PhasedConvolution {
    private let node: Node
    private let shape: Shape
    private let weights: Shape
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
        /// Far apart, windows leave more residues than there are taps.
        var fits: Bool {
            begin >= 0 && output > 0 && begin + output <= stride * places && stride <= 2 * kernel
        }

        /// Residues with as many taps each: the first ones may have one more.
        var groups: [(residues: Range<Int>, taps: Int)] {
            let longer = kernel % stride
            guard longer > 0 else { return [(0..<stride, taps)] }
            return [(0..<longer, taps), (longer..<stride, max(1, taps - 1))]
        }

        /// The first place of the answer, from `start` on, that is a residue's, and which of its outputs that is.
        func first(_ residue: Int, from start: Int = 0) -> (place: Int, index: Int) {
            let ahead = (residue + stride - (start + begin) % stride) % stride
            return (start + ahead, (start + ahead + begin) / stride)
        }
    }

    /// Nil where strides are 1, or outputs lie beyond what is computed.
    init?(_ general: TransposedConvolution, _ shape: Shape, weights: Shape) {
        let count = shape.rank - 2
        guard general.groups == 1, general.dilations.allSatisfy({ $0 == 1 }),
            (1...2).contains(count),
            weights.rank == shape.rank, weights[0] == shape[1], shape.count > 0, weights.count > 0,
            general.strides.count == count, general.pads.count == 2 * count,
            general.outputPadding.count == count, general.pads.allSatisfy({ $0 >= 0 }),
            general.outputPadding.allSatisfy({ $0 >= 0 })
        else { return nil }
        let axes = (0..<count).map { index in
            let (input, kernel) = (shape[index + 2], weights[index + 2])
            // Windows of a single input lie side by side whatever the stride is.
            let stride = input == 1 ? kernel : general.strides[index]
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

    private var outputs: Int { weights[1] }

    /// Residues that are outputs of one convolution, with as many taps each.
    private struct Part {
        let rows: Range<Int>
        let columns: Range<Int>
        let height: Int
        let width: Int

        var count: Int { rows.count * columns.count }

        /// Its residues, whose outputs lie at `place`.
        func lanes(_ axis: Axis, _ place: Place) -> [Lane] {
            rows.flatMap { row in
                columns.map { column in
                    Lane(
                        place: place,
                        count: count,
                        index: (row - rows.lowerBound) * columns.count + column
                            - columns.lowerBound,
                        row: row,
                        first: axis.first(column)
                    )
                }
            }
        }
    }

    /// One residue of rows and columns, among the `count` of a convolution.
    private struct Lane: Sendable {
        let place: Place
        let count: Int
        let index: Int
        let row: Int
        /// The first column of the answer that is its own, and which of its outputs that is.
        let first: (place: Int, index: Int)
    }

    /// All residues together, or those of longer and of shorter kernels apart where that multiplies less.
    private var parts: [Part] {
        let whole = [
            Part(
                rows: 0..<rows.stride,
                columns: 0..<columns.stride,
                height: rows.taps,
                width: columns.taps
            )
        ]
        let apart = rows.groups.flatMap { row in
            columns.groups.map { column in
                Part(
                    rows: row.residues,
                    columns: column.residues,
                    height: row.taps,
                    width: column.taps
                )
            }
        }
        func effort(_ parts: [Part]) -> Int {
            parts.reduce(0) { $0 + blocks(of: outputs * $1.count) * $1.height * $1.width }
        }
        return effort(apart) < effort(whole) ? apart : whole
    }

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let bias = try node.constantBias(plan)
        guard bias.map({ $0.count == outputs }) ?? true else {
            throw .shape(node: node.name, reason: "the bias does not fit")
        }
        var sources: [(part: Part, value: ValueID)] = []
        for (index, part) in parts.enumerated() {
            var conv = Node(name: node.name, op: "Conv", opset: node.opset)
            conv.inputs = [node.inputs[0], "\(node.name)/kernels\(index)"]
            conv.outputs = ["\(node.outputs[0])/residues\(index)"]
            let sizes = [part.height, part.width].suffix(shape.rank - 2)
            // As many places for all parts.
            let ends = [rows.taps - 1, columns.taps - 1].suffix(sizes.count)
            conv.attributes = [
                "kernel_shape": .ints(Array(sizes)), "pads": .ints(sizes.map { $0 - 1 } + ends),
            ]
            try addKernels(part, as: conv.inputs[1], into: &plan)
            if let bias {
                conv.inputs.append("\(node.name)/bias\(index)")
                plan.graph.constants[conv.inputs[2]] = Tensor(
                    shape: [outputs * part.count],
                    floats: bias.flatMap { Array(repeating: $0, count: part.count) }
                )
            }
            try plan.lower(conv)
            guard let made = plan.id(named: conv.outputs[0]) else { return }
            sources.append((part, try plan.value(made, as: .dense)))
        }
        // A single window's outputs lie in order.
        if sources.count == 1, rows.places * columns.places == 1, rows.output == rows.stride,
            columns.output == columns.stride
        {
            let sizes = [rows.output, columns.output].suffix(shape.rank - 2)
            _ = try plan.alias(
                node.outputs[0],
                of: sources[0].value,
                shape: Shape([shape[0], outputs] + sizes)
            )
            return
        }
        try interleave(sources, into: &plan)
    }

    /// [I, O, kh, kw] as [O · residues, I, …], each residue's kernel turned by half a turn.
    private func addKernels(
        _ part: Part,
        as name: String,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let (rows, columns, outputs, inputs) = (rows, columns, outputs, weights[0])
        let sizes = [part.height, part.width].suffix(shape.rank - 2)
        try plan.rearrange(
            node,
            1,
            as: name,
            Shape([outputs * part.count, inputs] + sizes)
        ) { body in
            var place = 0
            for unit in 0..<outputs * part.count {
                let (output, residue) = unit.quotientAndRemainder(dividingBy: part.count)
                let first = part.rows.lowerBound + residue / part.columns.count
                let second = part.columns.lowerBound + residue % part.columns.count
                for input in 0..<inputs {
                    let start = (input * outputs + output) * rows.kernel * columns.kernel
                    for row in (0..<part.height).reversed() {
                        let y = first + rows.stride * row
                        for column in (0..<part.width).reversed() {
                            let x = second + columns.stride * column
                            if y < rows.kernel, x < columns.kernel {
                                body(place, start + y * columns.kernel + x)
                            }
                            place += 1
                        }
                    }
                }
            }
        }
    }

    /// The lanes of even columns, and of odd ones, of the same rows; none where one is alone.
    private static func pairs(_ lanes: [Lane]) -> [(even: Lane, odd: Lane)] {
        let pairs = lanes.filter { $0.first.place == 0 }.compactMap { even in
            lanes.first { $0.row == even.row && $0.first.place == 1 }.map { (even, $0) }
        }
        return 2 * pairs.count == lanes.count ? pairs : []
    }

    /// Residues [N, O · residues, places, places] to the answer's [N, O, height, width].
    private func interleave(
        _ sources: [(part: Part, value: ValueID)],
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let sizes = [rows.output, columns.output].suffix(shape.rank - 2)
        let output = try plan.define(node.outputs[0], Shape([shape[0], outputs] + sizes), .dense)
        let planes = shape[0] * outputs
        let cuts = max(1, min(rows.output, 8 / planes))
        let (rows, columns) = (rows, columns)
        plan.step(
            node.name,
            chunks: planes * cuts,
            reads: sources.map(\.value),
            writes: [output]
        ) { placement in
            let lanes = sources.flatMap { source in
                source.part.lanes(columns, placement[source.value])
            }
            let to = placement[output]
            let pairs = columns.stride == 2 ? Self.pairs(lanes) : []
            let single = pairs.isEmpty ? lanes : []
            return { arena, chunk in
                let (plane, cut) = chunk.quotientAndRemainder(dividingBy: cuts)
                let target = to.position(in: arena) + plane * rows.output * columns.output
                let end = rows.output * (cut + 1) / cuts
                func start(_ lane: Lane) -> FloatPosition {
                    lane.place.position(in: arena) + (plane * lane.count + lane.index)
                        * rows.places * columns.places
                }
                // The answer's rows that are a residue's, and where the residue's own begin.
                func forEachRow(
                    of residue: Int,
                    _ body: (_ line: FloatPosition, _ row: Int) -> Void
                ) {
                    var (y, row) = rows.first(residue, from: rows.output * cut / cuts)
                    while y < end {
                        body(target + y * columns.output, row * columns.places)
                        y += rows.stride
                        row += 1
                    }
                }
                for pair in pairs {
                    let even = start(pair.even) + pair.even.first.index
                    let odd = start(pair.odd) + pair.odd.first.index
                    forEachRow(of: pair.even.row) { line, row in
                        line.interleave(even + row, odd + row, count: columns.output)
                    }
                }
                for lane in single {
                    let source = start(lane)
                    forEachRow(of: lane.row) { line, row in
                        var (x, index) = lane.first
                        while x < columns.output {
                            line[x] = source[row + index]
                            x += columns.stride
                            index += 1
                        }
                    }
                }
            }
        }
    }
}
