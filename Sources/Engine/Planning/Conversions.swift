import Compute
import Graph

extension PlanBuilder {
    /// Adds the step that copies a value into another layout of the same shape.
    mutating func convert(_ source: ValueID, to target: ValueID) {
        let shape = shape(of: source)
        switch (self[source].layout, self[target].layout) {
        case (.dense, .blocked): convertImages(source, target, toBlocked: true)
        case (.blocked, .dense): convertImages(source, target, toBlocked: false)
        case (.dense, .dense): copyImages(source, target)
        default: convertPoints(source, target, shape)
        }
    }

    private mutating func convertImages(
        _ source: ValueID,
        _ target: ValueID,
        toBlocked: Bool
    ) {
        let shape = self[source].image
        let (channels, height, width) = (shape[1], shape[2], shape[3])
        let kernels = kernels
        blockStep(
            toBlocked ? "block" : "unblock",
            images: shape[0],
            blocks: blocks(of: channels),
            from: source,
            to: target
        ) { from, to in
            { input, output, block in
                if toBlocked {
                    kernels.block(
                        fromPlanar: input,
                        from.strides,
                        channels: channels,
                        height: height,
                        width: width,
                        into: output,
                        to.strides,
                        blocks: block..<block + 1
                    )
                } else {
                    kernels.planar(
                        fromBlocked: input,
                        from.strides,
                        channels: channels,
                        height: height,
                        width: width,
                        into: output,
                        to.strides,
                        blocks: block..<block + 1
                    )
                }
            }
        }
    }

    /// Copies dense images into a place with a halo.
    private mutating func copyImages(_ source: ValueID, _ target: ValueID) {
        let shape = self[source].image
        step("pad", chunks: shape[0] * shape[1], reads: [source], writes: [target]) { placement in
            let from = placement[source]
            let to = placement[target]
            return { arena, plane in
                let (image, channel) = (plane / shape[1], plane % shape[1])
                let input = from.position(in: arena) + image * from.image + channel * from.plane
                let output = to.position(in: arena) + image * to.image + channel * to.plane
                for row in 0..<shape[2] {
                    (output + row * to.row).copy(from: input + row * from.row, count: shape[3])
                }
            }
        }
    }

    private mutating func convertPoints(
        _ source: ValueID,
        _ target: ValueID,
        _ shape: Shape
    ) {
        let points = self[source].points
        let channels = shape.dimensions.last ?? 1
        let toPoints = self[target].layout == .points
        let kernels = kernels
        step("rows", chunks: 1, reads: [source], writes: [target]) { placement in
            let from = placement[source]
            let to = placement[target]
            return { arena, _ in
                let (input, output) = (from.position(in: arena), to.position(in: arena))
                if toPoints {
                    kernels.points(
                        fromRows: input,
                        points: points,
                        channels: channels,
                        into: output,
                        plane: to.plane
                    )
                } else {
                    kernels.rows(
                        fromPoints: input,
                        plane: from.plane,
                        points: points,
                        channels: channels,
                        into: output
                    )
                }
            }
        }
    }

    /// The step that clears a value's halo, before anything is written inside.
    func haloStep(_ id: ValueID) -> PendingStep? {
        let value = self[id]
        guard case .arena = value.memory, value.halo != .none else { return nil }
        let lanes = value.layout == .blocked ? 16 : 1
        let blocks = lanes == 16 ? blocks(of: value.shape[1]) : value.shape[1]
        let (height, halo) = (value.image[2], value.halo)
        let width = value.image[3] * lanes
        return PendingStep(
            name: "halo",
            chunks: value.shape[0] * blocks,
            reads: [],
            writes: [id],
            planes: PlaneChunks(images: value.shape[0], blocks: blocks)
        ) { placement in
            let place = placement[id]
            return { arena, plane in
                // From the halo's first float.
                let start =
                    place.position(in: arena) + plane / blocks * place.image
                    + (plane % blocks * place.plane - halo.top * place.row - halo.left * lanes)
                start.fill(0, count: halo.top * place.row)
                for row in halo.top..<halo.top + height {
                    let line = start + row * place.row
                    line.fill(0, count: halo.left * lanes)
                    (line + halo.left * lanes + width).fill(0, count: halo.right * lanes)
                }
                let bottom = start + (halo.top + height) * place.row
                bottom.fill(0, count: halo.bottom * place.row)
            }
        }
    }
}
