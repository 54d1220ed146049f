import Graph

/// A convolution whose taps are moved by offsets of their own, between pixels, and weighted by a mask.
struct DeformConv: Operator {
    private let dilations: [Int]?
    private let strides: [Int]?
    private let pads: [Int]?
    private let kernel: [Int]?
    private let groups: Int
    private let offsetGroups: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        dilations = try attributes.ints("dilations", in: 1...1 << 20)
        strides = try attributes.ints("strides", in: 1...1 << 20)
        pads = try attributes.ints("pads", in: 0...1 << 20)
        kernel = try attributes.ints("kernel_shape", in: 1...1 << 20)
        groups = try attributes.int("group", default: 1, in: 1...1 << 20)
        offsetGroups = try attributes.int("offset_group", default: 1, in: 1...1 << 20)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let size = try size(operands)
        let reads = Reads(
            input: try operands.floats(0),
            moves: try operands.floats(2),
            mask: operands.optional(4) == nil ? nil : try operands.floats(4)
        )
        let weights = try operands.floats(1)
        let shape = [size.images, size.outputs] + size.output
        var sums = [Double](repeating: 0, count: try operands.count(shape))
        let (taps, points) = (size.kernel.reduce(1, *), size.output.reduce(1, *))
        let (perGroup, outputsPerGroup) = (size.inputs / groups, size.outputs / groups)
        _ = try operands.count([taps, points])
        for image in 0..<size.images {
            for channel in 0..<size.inputs {
                let columns = try columns(operands, size, at: (image, channel), reads)
                let group = channel / perGroup
                for output in group * outputsPerGroup..<(group + 1) * outputsPerGroup {
                    let target = (image * size.outputs + output) * points
                    for tap in 0..<taps {
                        try operands.poll()
                        let weight = weights[(output * perGroup + channel % perGroup) * taps + tap]
                        for point in 0..<points {
                            sums[target + point] += weight * columns[tap * points + point]
                        }
                    }
                }
            }
        }
        if operands.optional(3) != nil {
            let bias = try operands.floats(3)
            guard bias.count == size.outputs else {
                throw operands.fail("the bias does not fit the kernels")
            }
            for index in sums.indices { sums[index] += bias[index / points % size.outputs] }
        }
        return [try operands.result(shape, sums, operands(0).type)]
    }

    private struct Reads {
        let input, moves: [Double]
        let mask: [Double]?
    }

    private struct Size {
        let images, inputs, outputs: Int
        let input, kernel, output: [Int]
        let strides, dilations, before: [Int]
    }

    private func size(_ operands: Operands) throws(ModelError) -> Size {
        let (x, w, offset) = (
            try operands(0).shape.dimensions, try operands(1).shape.dimensions,
            try operands(2).shape.dimensions
        )
        let rank = x.count - 2
        let ones = [Int](repeating: 1, count: max(rank, 0))
        let (strides, dilations) = (strides ?? ones, dilations ?? ones)
        let pads = pads ?? [Int](repeating: 0, count: 2 * max(rank, 0))
        guard rank >= 1, w.count == x.count, offset.count == x.count, strides.count == rank,
            dilations.count == rank, pads.count == 2 * rank, w[0] % groups == 0,
            x[1] % groups == 0, w[1] == x[1] / groups, x[1] % offsetGroups == 0,
            w[2...].allSatisfy({ (1...1 << 20).contains($0) }),
            kernel.map({ $0 == Array(w[2...]) }) ?? true
        else { throw operands.fail("kernels \(Shape(w)) do not fit the input \(Shape(x))") }
        let output = (0..<rank).map { axis in
            let room =
                x[axis + 2] + pads[axis] + pads[axis + rank] - (w[axis + 2] - 1) * dilations[axis]
                - 1
            return room < 0 ? 0 : room / strides[axis] + 1
        }
        let taps = try operands.count(Array(w[2...]))
        let moves = try operands.count([offsetGroups, taps, rank])
        guard offset == [x[0], moves] + output else {
            throw operands.fail("offsets \(Shape(offset)) do not fit a result \(Shape(output))")
        }
        if let mask = operands.optional(4)?.shape {
            guard mask.dimensions == [x[0], offsetGroups * taps] + output else {
                throw operands.fail("the mask \(mask) does not fit a result \(Shape(output))")
            }
        }
        return Size(
            images: x[0],
            inputs: x[1],
            outputs: w[0],
            input: Array(x[2...]),
            kernel: Array(w[2...]),
            output: output,
            strides: strides,
            dilations: dilations,
            before: Array(pads[..<rank])
        )
    }

    /// What each tap reads of a channel at each point of the result, times its mask.
    private func columns(
        _ operands: Operands,
        _ size: Size,
        at place: (image: Int, channel: Int),
        _ reads: Reads
    ) throws(ModelError) -> [Double] {
        let (rank, plane) = (size.kernel.count, size.input.reduce(1, *))
        let (taps, points) = (size.kernel.reduce(1, *), size.output.reduce(1, *))
        let group = place.channel / (size.inputs / offsetGroups)
        let first = (place.image * offsetGroups + group) * taps
        let start = (place.image * size.inputs + place.channel) * plane
        let (tapStrides, pointStrides) = (
            rowMajorStrides(size.kernel), rowMajorStrides(size.output)
        )
        var result = [Double](repeating: 0, count: taps * points)
        var position = [Double](repeating: 0, count: rank)
        for tap in 0..<taps {
            try operands.poll()
            for point in 0..<points {
                for axis in 0..<rank {
                    let window = point / pointStrides[axis] % size.output[axis]
                    let step = tap / tapStrides[axis] % size.kernel[axis]
                    let fixed =
                        window * size.strides[axis] - size.before[axis]
                        + step * size.dilations[axis]
                    let move = reads.moves[((first + tap) * rank + axis) * points + point]
                    position[axis] = Double(fixed) + move
                }
                var value = Self.read(reads.input, from: start, sizes: size.input, at: position)
                if let mask = reads.mask { value *= mask[(first + tap) * points + point] }
                result[tap * points + point] = value
            }
        }
        return result
    }

    /// The value between pixels; beyond the ends are zeros.
    private static func read(
        _ values: [Double],
        from start: Int,
        sizes: [Int],
        at position: [Double]
    ) -> Double {
        var taps = [(place: 0, weight: 1.0)]
        for (axis, length) in sizes.enumerated() {
            let x = position[axis]
            guard x > -1, x < Double(length) else { return 0 }
            let low = Int(x.rounded(.down))
            let far = x - Double(low)
            taps = taps.flatMap { tap in
                [(low, 1 - far), (low + 1, far)].compactMap { index, weight in
                    guard index >= 0, index < length else { return nil }
                    return (tap.place * length + index, tap.weight * weight)
                }
            }
        }
        return taps.reduce(0) { $0 + values[start + $1.place] * $1.weight }
    }
}
