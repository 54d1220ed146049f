import Compute
import Graph
import KernelInterface

/// Adds the step of points times a matrix of small integers.
///
/// Sums are added piece by piece of the inputs, in the same order for any number of points.
struct SmallProduct: Sendable {
    let weights: SmallWeights
    let activation: FusedActivation
    let points: Int

    /// Inputs whose numbers are unpacked at once: they stay in the second cache.
    private static let piece = 256
    /// Points that share what was unpacked.
    private static let group = 64

    /// Blocks of 16 outputs of a chunk: eight chains hide the latency of a single point's sums.
    private static let width = 8

    func lower(
        _ node: Node,
        from source: ValueID,
        to output: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let outputBlocks = blocks(of: weights.units)
        let group = min(points, Self.group)
        let width = min(Self.width, outputBlocks)
        let numbers = try plan.workerScratch(
            width * 16 * min(Self.piece, blocks(of: weights.inputs) * 16)
        )
        let sums = try plan.workerScratch(2 * width * group * 16)
        let zeros = PackedWeights(count: width * 16) { _ in }
        let read = plan.rows(source)
        let (table, product) = (plan.kernels, self)
        plan.step(
            node.name,
            chunks: (outputBlocks + width - 1) / width,
            reads: [source],
            writes: [output, numbers, sums]
        ) { placement in
            let work = Work(
                product: product,
                from: placement[source],
                to: placement[output],
                numbers: placement[numbers],
                sums: placement[sums],
                zeros: zeros,
                plane: read?.plane ?? placement[source].plane,
                point: read?.point ?? 16,
                table: table
            )
            return { arena, chunk in
                work.run(arena, chunk * width..<min((chunk + 1) * width, outputBlocks))
            }
        }
    }

    /// All that a chunk needs.
    private struct Work: Sendable {
        let product: SmallProduct
        let from: Place
        let to: Place
        let numbers: Place
        let sums: Place
        let zeros: PackedWeights
        /// Floats from 16 inputs to the next 16, and from a point to the next.
        let plane: Int
        let point: Int
        let table: KernelSet

        func run(_ arena: PassArena, _ outputs: Range<Int>) {
            let (weights, size) = (product.weights, SmallProduct.piece)
            let pieces = (weights.inputs + size - 1) / size
            let numbers = numbers.position(in: arena)
            // A single point's numbers lie side by side.
            let readsOnce = product.points == 1 && plane == 16
            let result = to.position(in: arena) + outputs.lowerBound * to.plane
            for first in stride(from: 0, to: product.points, by: SmallProduct.group) {
                let count = min(SmallProduct.group, product.points - first)
                let sumsPlane = count * 16
                func partial(_ piece: Int) -> FloatPosition {
                    sums.position(in: arena) + piece % 2 * outputs.count * sumsPlane
                }
                for piece in 0..<pieces {
                    let isLast = piece == pieces - 1
                    let inputs =
                        piece * size..<min((piece + 1) * size, blocks(of: weights.inputs) * 16)
                    let bias =
                        piece == 0 ? weights.bias.start + outputs.lowerBound * 16 : zeros.start
                    let addend = piece == 0 ? nil : partial(piece - 1)
                    if readsOnce {
                        // The same sums without room for what is multiplied.
                        table.multiplySmall(
                            weights.blocks(outputs),
                            from: inputs.lowerBound,
                            count: min(inputs.upperBound, weights.inputs) - inputs.lowerBound,
                            from.position(in: arena) + inputs.lowerBound,
                            bias: bias,
                            addend: addend,
                            into: partial(piece)
                        )
                        guard isLast else { continue }
                    } else if pieces > 1 || first == 0 {
                        unpack(inputs, outputs, numbers)
                    }
                    let shape = ProductShape(
                        points: count,
                        inputBlocks: readsOnce ? 0 : inputs.count / 16,
                        outputBlocks: outputs.count,
                        activation: isLast ? product.activation : .none
                    )
                    var geometry = shape.geometry(
                        from: (plane: plane, point: point),
                        to: (plane: isLast ? to.plane : sumsPlane, point: 16)
                    )
                    geometry.addendPlane = sumsPlane
                    table.convolve(
                        .blocked,
                        geometry,
                        input: from.position(in: arena) + inputs.lowerBound / 16 * plane + first
                            * point,
                        weights: numbers,
                        bias: readsOnce ? zeros.start : bias,
                        addend: readsOnce ? partial(piece) : addend,
                        output: isLast ? result + first * 16 : partial(piece),
                        blocks: 0..<outputs.count
                    )
                }
            }
        }

        /// The numbers of some inputs as the kernel reads them: packs of blocks side by side.
        private func unpack(_ inputs: Range<Int>, _ outputs: Range<Int>, _ target: FloatPosition) {
            for block in outputs.indices {
                let own = block - outputs.lowerBound
                let first = own / table.blocksPerTile * table.blocksPerTile
                let row = min(table.blocksPerTile, outputs.count - first) * 16
                product.weights.unpack(
                    inputs,
                    of: block,
                    into: target + first * inputs.count * 16 + (own - first) * 16,
                    row: row,
                    table
                )
            }
        }
    }
}
