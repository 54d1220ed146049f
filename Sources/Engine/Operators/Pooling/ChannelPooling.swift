import Compute
import Graph
import KernelInterface

/// Z[c] = max over the `group` channels from c·group on.
///
/// Goodfellow and others, Maxout Networks, 2013.
struct Maxout: LayerOperator {
    private let group: Int
    private let axis: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        group = try attributes.int("group", default: 2)
        axis = try attributes.optionalInt("axis")
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerChannelPool(node, group: group, axis: axis, .maximum, into: &plan)
    }
}

/// Z[c] = √Σ of the squares of the `group` channels from c·group on: a complex cell for a quadrature pair.
struct ChannelL2: LayerOperator {
    private let group: Int
    private let axis: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        group = try attributes.int("group", default: 2)
        axis = try attributes.optionalInt("axis")
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerChannelPool(node, group: group, axis: axis, .euclidean, into: &plan)
    }
}

/// Channels are axis 1 of an image [N, C, H, W], else the last axis unless `axis` says 1, as for a series [N, C, L].
private func lowerChannelPool(
    _ node: Node,
    group: Int,
    axis given: Int?,
    _ reduction: ChannelReduction,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let input = try plan.input(node, 0)
    var shape = plan.shape(of: input)
    let axis =
        try given.map { (axis) throws(ModelError) in
            try normalised(axis, rank: shape.rank, node)
        } ?? (shape.rank == 4 ? 1 : shape.rank - 1)
    let isImage = axis == 1 && (3...4).contains(shape.rank)
    guard isImage || axis == shape.rank - 1, axis >= 0 else {
        throw .shape(node: node.name, reason: "channels are axis 1 or the last, not \(axis)")
    }
    guard group >= 1, shape[axis] % group == 0 else {
        throw .shape(
            node: node.name,
            reason: "the channels of \(shape) do not divide into groups of \(group)"
        )
    }
    let layout: Layout = isImage ? .blocked : .points
    let source = try plan.value(input, as: layout)
    let channels = shape[axis]
    let image = plan[source].image
    let (images, height, width) =
        isImage ? (image[0], image[2], image[3]) : (1, 1, plan[source].points)
    shape[axis] = channels / group
    let output = try plan.define(node.outputs[0], shape, layout)
    let kernels = plan.kernels
    plan.blockStep(
        node.name,
        images: images,
        blocks: blocks(of: channels / group),
        readsAcross: true,
        from: source,
        to: output
    ) { from, to in
        let geometry = ChannelPoolGeometry(
            inputChannels: channels,
            group: group,
            height: height,
            width: width,
            inputPlane: from.plane,
            inputRow: from.row,
            outputPlane: to.plane,
            outputRow: to.row
        )
        return { input, output, block in
            kernels.poolChannels(
                reduction,
                geometry,
                input: input,
                output: output,
                blocks: block..<block + 1
            )
        }
    }
}
