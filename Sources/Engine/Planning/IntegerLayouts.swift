import Compute
import Graph

extension Layout {
    /// Whether kernels of integers compute in it.
    var isOfIntegers: Bool { self == .last || self == .shifted }
}

extension PlanBuilder {
    /// The value in a layout of integers, or out of one.
    mutating func reordered(_ id: ValueID, as layout: Layout) throws(ModelError) -> ValueID {
        let current = self[id]
        if layout.isOfIntegers, current.layout != .dense {
            return try value(value(id, as: .dense), as: layout)
        }
        let flips = current.type == .int8
        let isLast = layout == .last || current.layout == .last
        let image = current.image.dimensions
        guard !isLast || image.count == 4 else {
            throw .shape(
                node: current.name,
                reason: "\(current.shape) is neither a picture nor a series"
            )
        }
        let points = isLast ? image[2] * image[3] : 1
        let isMoved = isLast && points > 1 && image[1] > 1
        guard isMoved else {
            // The order is the same.
            guard flips else {
                return try define("", current.shape, layout, type: current.type, memory: .alias(id))
            }
            return try flipped(id, as: layout)
        }
        guard layout == .last else {
            let dense = try transposedImage(id, as: .dense, from: (points, image[1]))
            return flips ? try flipped(dense, as: .dense) : dense
        }
        return try transposedImage(
            flips ? flipped(id, as: .shifted) : id,
            as: .last,
            from: (image[1], points)
        )
    }

    /// Each image a matrix whose rows become columns.
    private mutating func transposedImage(
        _ id: ValueID,
        as layout: Layout,
        from size: (rows: Int, columns: Int)
    ) throws(ModelError) -> ValueID {
        let (rows, columns) = size
        let current = self[id]
        let output = try define("", current.shape, layout, type: current.type)
        let walk = TransposingWalk(
            [current.shape[0], columns, rows],
            [rows * columns, 1, columns]
        )
        let (kernels, width) = (kernels, current.width)
        step("reorder", chunks: walk.chunks, reads: [id], writes: [output], isExact: true) {
            placement in
            let (from, to) = (placement[id], placement[output])
            return { arena, chunk in
                walk.run(
                    chunk,
                    from: from.position(in: arena).bytes,
                    into: to.position(in: arena).bytes,
                    width: width,
                    kernels
                )
            }
        }
        return output
    }

    /// int8 as unsigned bytes 128 higher, or back.
    private mutating func flipped(
        _ id: ValueID,
        as layout: Layout
    ) throws(ModelError) -> ValueID {
        let current = self[id]
        let output = try define("", current.shape, layout, type: current.type)
        elementStep("shift", from: id, to: output) { x, y, count in y.flipSigns(x, count: count) }
        return output
    }
}
