import Graph

/// Averages or maxima of points between pixels, in a grid of bins over each region of a picture.
struct RoiAlign: PlannedOperator {
    private let takesMaximum: Bool
    private let grid: RegionGrid

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let mode = try attributes.string("mode", default: "avg").lowercased()
        guard ["avg", "max"].contains(mode) else {
            throw attributes.mismatch("mode", "avg or max", .string(mode))
        }
        takesMaximum = mode == "max"
        var corners = "output_half_pixel"
        if attributes.opset >= 16 {
            corners = try attributes.string(
                "coordinate_transformation_mode",
                default: "half_pixel"
            )
        }
        guard ["half_pixel", "output_half_pixel"].contains(corners) else {
            throw attributes.mismatch(
                "coordinate_transformation_mode",
                "half_pixel or output_half_pixel",
                .string(corners)
            )
        }
        grid = RegionGrid(
            height: try attributes.int("output_height", default: 1, in: 1...1 << 16),
            width: try attributes.int("output_width", default: 1, in: 1...1 << 16),
            samples: try attributes.int("sampling_ratio", default: 0, in: 0...1 << 10),
            scale: Double(try attributes.float("spatial_scale", default: 1)),
            offset: corners == "half_pixel" ? 0.5 : 0
        )
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard !takesMaximum else {
            throw .shape(node: node.name, reason: "plans average over regions only")
        }
        try AlignedRegions(node: node, grid: grid).lower(into: &plan)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let picture = try operands(0)
        let regions = try operands.regions(columns: 4)
        guard picture.shape.rank == 4 else {
            throw operands.fail("pictures of the shape \(picture.shape) have no regions")
        }
        let images = try operands.indices(2, size: picture.shape[0])
        guard images.count == regions.count else {
            throw operands.fail("\(regions.count) regions belong to \(images.count) images")
        }
        let values = try operands.floats(0)
        let (channels, height, width) = (
            picture.shape[1], picture.shape[2], picture.shape[3]
        )
        let shape = [regions.count, channels, grid.height, grid.width]
        var result: [Double] = []
        result.reserveCapacity(try operands.count(shape))
        for (region, image) in zip(regions, images) {
            let rows = try points(operands, grid.rows(from: region[1], to: region[3]), height)
            let columns = try points(operands, grid.columns(from: region[0], to: region[2]), width)
            for channel in 0..<channels {
                let start = (image * channels + channel) * height * width
                let plane = values[start..<start + height * width]
                for row in rows {
                    try operands.poll()
                    for column in columns {
                        result.append(pool(plane, rows: row, columns: column, width: width))
                    }
                }
            }
        }
        return [try operands.result(shape, result, picture.type)]
    }

    /// The points of each bin along one axis.
    private func points(
        _ operands: Operands,
        _ bins: RegionBins,
        _ length: Int
    ) throws(ModelError) -> [[RegionPoint]] {
        _ = try operands.count([bins.count, bins.points])
        return (0..<bins.count).map { bin in
            (0..<bins.points).map { bins.point(bin, $0, length) }
        }
    }

    private func pool(
        _ plane: ArraySlice<Double>,
        rows: [RegionPoint],
        columns: [RegionPoint],
        width: Int
    ) -> Double {
        var (sum, largest) = (0.0, -Double.infinity)
        for y in rows {
            for x in columns {
                let upper = plane.startIndex + y.low * width
                let lower = plane.startIndex + y.high * width
                let parts = (
                    y.near * x.near * plane.at(upper + x.low, y, x),
                    y.near * x.far * plane.at(upper + x.high, y, x),
                    y.far * x.near * plane.at(lower + x.low, y, x),
                    y.far * x.far * plane.at(lower + x.high, y, x)
                )
                if takesMaximum {
                    largest = max(largest, max(max(parts.0, parts.1), max(parts.2, parts.3)))
                } else {
                    sum += parts.0 + parts.1 + parts.2 + parts.3
                }
            }
        }
        let count = rows.count * columns.count
        if takesMaximum { return count == 0 ? 0 : largest }
        return sum / Double(max(count, 1))
    }
}

extension ArraySlice<Double> {
    /// A pixel, or 0 for a point outside of the picture.
    fileprivate func at(_ index: Int, _ y: RegionPoint, _ x: RegionPoint) -> Double {
        y.isInside && x.isInside ? self[index] : 0
    }
}

/// A grid of bins over a region, with `samples` points of each along an axis, or as many as it has pixels if 0.
struct RegionGrid {
    let height: Int
    let width: Int
    let samples: Int
    /// Pixels of the picture for one of the regions' units.
    let scale: Double
    let offset: Double

    func rows(from: Double, to: Double) -> RegionBins { bins(height, from, to) }

    func columns(from: Double, to: Double) -> RegionBins { bins(width, from, to) }

    private func bins(_ count: Int, _ from: Double, _ to: Double) -> RegionBins {
        let start = from * scale - offset
        var reach = to * scale - offset - start
        if offset == 0 { reach = max(reach, 1) }
        let size = reach / Double(count)
        let points = samples > 0 ? samples : max(0, Int(saturating: size.rounded(.up)))
        return RegionBins(start: start, size: size, count: count, points: points)
    }
}

/// The bins of a region along one axis, and the points of each.
struct RegionBins {
    let start: Double
    let size: Double
    let count: Int
    let points: Int

    func point(_ bin: Int, _ point: Int, _ length: Int) -> RegionPoint {
        let place = (Double(point) + 0.5) * size / Double(points)
        return RegionPoint(start + Double(bin) * size + place, length)
    }
}

/// A place between two pixels of an axis, and how near it is to either.
struct RegionPoint {
    var isInside = false
    var (low, high) = (0, 0)
    var (near, far) = (0.0, 0.0)

    init(_ place: Double, _ length: Int) {
        guard place >= -1, place <= Double(length), length > 0 else { return }
        isInside = true
        let place = max(place, 0)
        low = min(Int(place), length - 1)
        high = min(low + 1, length - 1)
        far = low == high ? 0 : place - Double(low)
        near = 1 - far
    }
}

extension Operands {
    /// The rows of the second input, each a region of so many numbers.
    func regions(columns: Int) throws(ModelError) -> [[Double]] {
        let shape = try self(1).shape
        guard shape.rank == 2, shape[1] == columns else {
            throw fail("regions must have \(columns) numbers each, not the shape \(shape)")
        }
        let values = try floats(1)
        return (0..<shape[0]).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
    }
}

/// Maxima over the bins of regions whose corners are rounded to pixels.
struct MaxRoiPool: Operator {
    private let size: [Int]
    private let scale: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        size = try attributes.ints("pooled_shape", count: 2, minimum: 1, default: [])
        scale = Double(try attributes.float("spatial_scale", default: 1))
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let picture = try operands(0)
        let regions = try operands.regions(columns: 5)
        guard picture.shape.rank == 4 else {
            throw operands.fail("pictures of the shape \(picture.shape) have no regions")
        }
        let values = try operands.floats(0)
        let sizes = picture.shape.dimensions
        let shape = [regions.count, sizes[1]] + size
        var result: [Double] = []
        result.reserveCapacity(try operands.count(shape))
        for region in regions {
            let image = Int(saturating: region[0])
            guard (0..<sizes[0]).contains(image) else {
                throw operands.fail("there is no image \(image)")
            }
            let rows = bins(from: region[2], to: region[4], count: size[0], length: sizes[2])
            let columns = bins(from: region[1], to: region[3], count: size[1], length: sizes[3])
            for channel in 0..<sizes[1] {
                let start = (image * sizes[1] + channel) * sizes[2] * sizes[3]
                for row in rows {
                    try operands.poll()
                    for column in columns {
                        var largest = -Double.infinity
                        for y in row {
                            for x in column {
                                largest = max(largest, values[start + y * sizes[3] + x])
                            }
                        }
                        result.append(row.isEmpty || column.isEmpty ? 0 : largest)
                    }
                }
            }
        }
        return [try operands.result(shape, result, picture.type)]
    }

    private func bins(from: Double, to: Double, count: Int, length: Int) -> [Range<Int>] {
        let start = (from * scale).rounded()
        let reach = max((to * scale).rounded() - start + 1, 1)
        let bin = reach / Double(count)
        return (0..<count).map { index in
            let low = (Double(index) * bin).rounded(.down) + start
            let high = (Double(index + 1) * bin).rounded(.up) + start
            let first = min(max(Int(saturating: low), 0), length)
            return first..<max(first, min(max(Int(saturating: high), 0), length))
        }
    }
}
