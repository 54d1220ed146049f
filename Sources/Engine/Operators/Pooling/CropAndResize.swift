import Graph

/// Regions, whose corners are shares of the picture, resized to one size.
struct CropAndResize: Operator {
    private let isNearest: Bool
    private let outside: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let mode = try attributes.string("mode", default: "bilinear")
        guard ["bilinear", "nearest"].contains(mode) else {
            throw attributes.mismatch("mode", "bilinear or nearest", .string(mode))
        }
        isNearest = mode == "nearest"
        outside = Double(try attributes.float("extrapolation_value", default: 0))
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let picture = try operands(0)
        let regions = try operands.regions(columns: 4)
        let target = try operands.integers(3)
        guard picture.shape.rank == 4, target.count == 2, target.allSatisfy({ $0 > 0 }) else {
            throw operands.fail("the size \(target) does not fit pictures \(picture.shape)")
        }
        let images = try operands.indices(2, size: picture.shape[0])
        guard images.count == regions.count else {
            throw operands.fail("\(regions.count) regions belong to \(images.count) images")
        }
        let values = try operands.floats(0)
        let sizes = picture.shape.dimensions
        let shape = [regions.count, sizes[1]] + target
        var result: [Double] = []
        result.reserveCapacity(try operands.count(shape))
        for (region, image) in zip(regions, images) {
            let rows = points(
                from: region[0],
                to: region[2],
                count: target[0],
                length: sizes[2]
            )
            let columns = points(
                from: region[1],
                to: region[3],
                count: target[1],
                length: sizes[3]
            )
            for channel in 0..<sizes[1] {
                let start = (image * sizes[1] + channel) * sizes[2] * sizes[3]
                for y in rows {
                    try operands.poll()
                    for x in columns {
                        guard y.isInside, x.isInside else {
                            result.append(outside)
                            continue
                        }
                        let (upper, lower) = (start + y.low * sizes[3], start + y.high * sizes[3])
                        let above = values[upper + x.low] * x.near + values[upper + x.high] * x.far
                        let below = values[lower + x.low] * x.near + values[lower + x.high] * x.far
                        result.append(above * y.near + below * y.far)
                    }
                }
            }
        }
        return [try operands.result(shape, result, picture.type)]
    }

    private func points(
        from start: Double,
        to end: Double,
        count: Int,
        length: Int
    ) -> [RegionPoint] {
        let last = Double(length - 1)
        return (0..<count).map { index in
            var place = 0.5 * (start + end) * last
            if count > 1 {
                place = start * last + Double(index) * (end - start) * last / Double(count - 1)
            }
            guard place >= 0, place <= last else { return RegionPoint(-2, length) }
            return RegionPoint(isNearest ? place.rounded() : place, length)
        }
    }
}
