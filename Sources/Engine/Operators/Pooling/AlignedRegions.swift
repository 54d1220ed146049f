import Compute
import Graph

/// Averages over the bins of regions, sixteen channels of a point at once.
struct AlignedRegions {
    let node: Node
    let grid: RegionGrid

    /// Pixels that are added for one region: a second or two of a core, which no step may take longer than.
    private static let most = 0x1p29
    /// Pixels of one bin, whose places are listed.
    private static let mostTaps = 1 << 16

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let shape = plan.shape(of: try plan.input(node, 0))
        let regions = try plan.value(plan.input(node, 1), as: .dense)
        let corners = plan.shape(of: regions)
        guard shape.rank == 4, corners.rank == 2, corners[1] == 4 else {
            throw .shape(
                node: node.name,
                reason: "regions \(corners) do not fit pictures \(shape)"
            )
        }
        let count = corners[0]
        let taps = 4 * grid.samples * grid.samples
        guard grid.samples > 0, taps <= Self.mostTaps else {
            throw .shape(node: node.name, reason: "how many points a bin has follows from regions")
        }
        let source = try plan.value(plan.input(node, 0), as: .blocked)
        let images = try plan.indices(node, 2, limits: [shape[0]])
        guard plan.shape(of: images).count == count else {
            throw .shape(
                node: node.name,
                reason: "\(count) regions belong to \(plan.shape(of: images)) images"
            )
        }
        let result = Shape([count, shape[1], grid.height, grid.width])
        let perRegion = [shape[1], grid.height, grid.width, taps]
        guard result.isUsual, perRegion.reduce(1, { $0 * Double($1) }) < Self.most else {
            throw .shape(node: node.name, reason: "regions of shape \(result) are too large")
        }
        let output = try plan.define(node.outputs[0], result, .blocked)
        let scratch = try plan.workerScratch(3 * taps)
        let (kernels, grid, blocks) = (plan.kernels, grid, blocks(of: shape[1]))
        plan.count(result.count * taps, for: node)
        plan.step(
            node.name,
            chunks: count,
            reads: [source, regions, images],
            writes: [output, scratch]
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            let (places, table) = (placement[regions], placement[scratch])
            let owners = placement[images]
            return { arena, region in
                let corners = places.position(in: arena) + 4 * region
                let image = owners.position(in: arena).bytes[integer: region]
                let rows = grid.rows(from: Double(corners[1]), to: Double(corners[3]))
                let columns = grid.columns(from: Double(corners[0]), to: Double(corners[2]))
                let offsets = table.position(in: arena).bytes
                let weights = table.position(in: arena) + 2 * taps
                let picture = from.position(in: arena) + image * from.image
                let target = to.position(in: arena) + region * to.image
                for row in 0..<grid.height {
                    for column in 0..<grid.width {
                        let used = grid.write(
                            (rows, row, from.row, shape[2]),
                            (columns, column, 16, shape[3]),
                            to: offsets,
                            weights
                        )
                        for block in 0..<blocks {
                            kernels.weighLines(
                                picture + block * from.plane,
                                offsets: offsets,
                                weights: weights,
                                taps: used,
                                into: target + (block * to.plane + row * to.row + column * 16),
                                count: 16
                            )
                        }
                    }
                }
            }
        }
    }
}

extension RegionGrid {
    /// The places and weights of the points of one bin that lie inside of the picture: how many there are.
    ///
    /// Of each axis: its bins, the bin's index, how far apart two pixels lie, and the picture's length.
    fileprivate func write(
        _ y: (bins: RegionBins, index: Int, step: Int, length: Int),
        _ x: (bins: RegionBins, index: Int, step: Int, length: Int),
        to offsets: BytePosition,
        _ weights: FloatPosition
    ) -> Int {
        let share = 1 / Double(samples * samples)
        var used = 0
        func add(_ offset: Int, _ weight: Double) {
            offsets[integer: used] = offset
            weights[used] = Float(weight * share)
            used += 1
        }
        for point in 0..<samples {
            let row = y.bins.point(y.index, point, y.length)
            guard row.isInside else { continue }
            for other in 0..<samples {
                let column = x.bins.point(x.index, other, x.length)
                guard column.isInside else { continue }
                let (upper, lower) = (row.low * y.step, row.high * y.step)
                let (left, right) = (column.low * x.step, column.high * x.step)
                add(upper + left, row.near * column.near)
                add(upper + right, row.near * column.far)
                add(lower + left, row.far * column.near)
                add(lower + right, row.far * column.far)
            }
        }
        return used
    }
}
