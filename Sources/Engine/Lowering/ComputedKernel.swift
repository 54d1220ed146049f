import Compute
import Graph

/// A convolution whose kernel another node makes: a step packs it for the step that convolves.
struct ComputedKernel {
    /// The same with numbers that nobody reads.
    let lowering: ConvolutionLowering

    private var node: Node { lowering.node }

    func lower(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = lowering.kernel.shape
        guard shape[0] > 0, shape[0] % lowering.groups == 0, lowering.activation != .maxout else {
            throw .shape(
                node: node.name,
                reason: "kernels \(shape) do not fit \(lowering.groups) groups"
            )
        }
        var packing = lowering.larger ?? lowering
        let weights =
            packing.merged > 1
            ? try spread(shape, packing.merged, into: &plan) : try plan.input(node, 1)
        packing.packed = try pack(plan.value(weights, as: .dense), for: packing, into: &plan)
        try packing.lowerWithOperands(input, into: &plan)
    }

    /// Numbers that are packed where they are computed.
    static func unread(_ count: Int, _ node: Node) -> StoredFloats {
        StoredFloats(count: count) { () throws(ModelError) in
            throw .shape(node: node.name, reason: "the kernel is computed, and cannot be read")
        }
    }

    /// The kernel with zeros between groups that are one.
    private func spread(
        _ shape: Shape,
        _ merged: Int,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        let name = "\(node.outputs[0])/spread"
        let own = shape.count / shape[0]
        let perGroup = shape[0] / lowering.groups
        let made = try plan.rearrange(node, 1, as: name, [shape[0], merged * own]) { body in
            for output in 0..<shape[0] {
                let start = (output * merged + output / perGroup % merged) * own
                for index in 0..<own { body(start + index, output * own + index) }
            }
        }
        guard let made else { return try plan.input(node, 1) }
        return made
    }

    /// Adds the step that packs the kernel, a chunk for each tile of a group's outputs.
    private func pack(
        _ weights: ValueID,
        for lowering: ConvolutionLowering,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        let (kernel, isDepthwise) = (lowering.kernel.shape, lowering.isDepthwise)
        // Channels of one input each are packed as those of one group.
        let groups = isDepthwise ? 1 : lowering.groups
        let (perGroup, sums) = (kernel[0] / groups, kernel[1] * kernel[2] * kernel[3])
        let rows = isDepthwise ? 1 : blocks(of: kernel[1]) * 16
        let perBlock = 16 * rows * kernel[2] * kernel[3]
        let table = plan.kernels
        let tile = (isDepthwise ? 1 : table.blocksPerTile) * 16
        let tiles = (perGroup + tile - 1) / tile
        let packed = try plan.scratch(groups * blocks(of: perGroup) * perBlock)
        plan.step(node.name, chunks: groups * tiles, reads: [weights], writes: [packed]) {
            placement in
            let (from, to) = (placement[weights], placement[packed])
            return { arena, chunk in
                let (group, first) = (chunk / tiles, chunk % tiles * tile)
                let count = min(tile, perGroup - first)
                let source = from.position(in: arena) + (group * perGroup + first) * sums
                let target =
                    to.position(in: arena) + (group * blocks(of: perGroup) + first / 16) * perBlock
                target.fill(0, count: blocks(of: count) * perBlock)
                source.withSpan(count: count * sums) { numbers in
                    guard !isDepthwise else {
                        return Packing.planes(numbers, outputs: count, sums: sums, into: target)
                    }
                    Packing.convolution(
                        numbers,
                        .plain(count),
                        inputs: kernel[1],
                        height: kernel[2],
                        width: kernel[3],
                        for: table,
                        into: target
                    )
                }
            }
        }
        return packed
    }
}
