import Graph

extension Families {
    static let unpoolings: [String: DeclaredOperator] = [
        "MaxUnpool": .init(MaxUnpool.self, takes: 2...3, gives: 1...1),
        "Col2Im": .init(Col2Im.self, takes: 3...3, gives: 1...1),
        "CenterCropPad": .init(CenterCropPad.self, takes: 2...2, gives: 1...1),
        "DeformConv": .init(DeformConv.self, takes: 3...5, gives: 1...1),
    ]
}

/// Puts maxima back to where MaxPool found them, zeros elsewhere.
struct MaxUnpool: Operator {
    private let kernel: [Int]
    private let strides: [Int]
    private let pads: [Int]

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        kernel = try attributes.ints("kernel_shape", in: 1...1 << 20) ?? []
        let rank = kernel.count
        guard rank >= 1 else { throw attributes.mismatch("kernel_shape", "sizes", .ints(kernel)) }
        let ones = [Int](repeating: 1, count: rank)
        strides = try attributes.ints("strides", count: rank, minimum: 1, default: ones)
        let none = [Int](repeating: 0, count: 2 * rank)
        pads = try attributes.ints("pads", count: 2 * rank, minimum: 0, default: none)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, indices) = (try operands(0), try operands(1))
        let rank = kernel.count
        guard input.shape.rank == rank + 2, indices.shape == input.shape else {
            throw operands.fail("\(input.shape) and indices \(indices.shape) do not fit")
        }
        var shape = Array(input.shape.dimensions[..<2])
        for axis in 0..<rank {
            let last = (input.shape[axis + 2] - 1) * strides[axis]
            shape.append(last + kernel[axis] - pads[axis] - pads[axis + rank])
        }
        let count = try operands.count(shape)
        let places = try operands.indices(1, size: count)
        // One more for the zero that stands wherever no maximum was.
        guard let all = input.elements.joined(.zeros(1, input.type)) else {
            throw operands.unfit(input.type)
        }
        var sources = [Int](repeating: places.count, count: count)
        for (source, place) in places.enumerated() { sources[place] = source }
        let target = try operands.optionalIntegers(2) ?? shape
        if target != shape {
            sources = try Self.grown(sources, shape, to: target, zero: places.count, operands)
        }
        return [Tensor(shape: Shape(target), elements: all.picking(sources))]
    }

    /// In a larger shape, with nothing after the end of each axis.
    private static func grown(
        _ sources: [Int],
        _ shape: [Int],
        to target: [Int],
        zero: Int,
        _ operands: Operands
    ) throws(ModelError) -> [Int] {
        guard target.count == shape.count, zip(shape, target).allSatisfy({ $0 <= $1 }) else {
            throw operands.fail("the result \(Shape(shape)) does not fit into \(target)")
        }
        var result = [Int](repeating: zero, count: try operands.count(target))
        for (place, source) in zip(offsets(shape, strides: rowMajorStrides(target)), sources) {
            result[place] = source
        }
        return result
    }
}

/// Sums columns, each a block's elements, back into the pictures they were cut from.
struct Col2Im: Operator {
    private let dilations: [Int]?
    private let strides: [Int]?
    private let pads: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        dilations = try attributes.ints("dilations", in: 1...1 << 20)
        strides = try attributes.ints("strides", in: 1...1 << 20)
        pads = try attributes.ints("pads", in: 0...1 << 20)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let (picture, block) = (try operands.integers(1), try operands.integers(2))
        let rank = picture.count
        let ones = [Int](repeating: 1, count: rank)
        let (dilations, strides) = (dilations ?? ones, strides ?? ones)
        let pads = pads ?? [Int](repeating: 0, count: 2 * rank)
        guard input.shape.rank == 3, (1...8).contains(rank), block.count == rank,
            dilations.count == rank, strides.count == rank, pads.count == 2 * rank,
            (picture + block).allSatisfy({ (1...1 << 20).contains($0) })
        else { throw operands.fail("blocks \(block) of \(picture) do not fit \(input.shape)") }
        let steps = (0..<rank).map { axis in
            let reach = (block[axis] - 1) * dilations[axis] + 1
            let room = picture[axis] + pads[axis] + pads[axis + rank] - reach
            return room < 0 ? 0 : room / strides[axis] + 1
        }
        let (taps, blocks) = (try operands.count(block), try operands.count(steps))
        guard input.shape[1] % taps == 0, input.shape[2] == blocks else {
            throw operands.fail("\(blocks) blocks of \(block) do not fit \(input.shape)")
        }
        let shape = [input.shape[0], input.shape[1] / taps] + picture
        var sums = [Double](repeating: 0, count: try operands.count(shape))
        guard let values = input.elements.doubles else { throw operands.unfit(input.type) }
        let plane = picture.reduce(1, *)
        let places = try targets(
            operands,
            (block, steps, picture),
            (dilations, strides, pads)
        )
        for channel in 0..<shape[0] * shape[1] {
            try operands.poll()
            for (index, place) in places.enumerated() where place >= 0 {
                sums[channel * plane + place] += values[channel * places.count + index]
            }
        }
        return [try operands.result(shape, sums, input.type)]
    }

    /// Where in a picture each element of its columns belongs; −1 is in the padding.
    private func targets(
        _ operands: Operands,
        _ sizes: (block: [Int], steps: [Int], picture: [Int]),
        _ moves: (dilations: [Int], strides: [Int], pads: [Int])
    ) throws(ModelError) -> [Int] {
        var result: [Int] = []
        result.reserveCapacity(try operands.count(sizes.block + sizes.steps))
        let (rank, own) = (sizes.block.count, rowMajorStrides(sizes.picture))
        let (tapStrides, stepStrides) = (
            rowMajorStrides(sizes.block), rowMajorStrides(sizes.steps)
        )
        for tap in 0..<sizes.block.reduce(1, *) {
            try operands.poll()
            for step in 0..<sizes.steps.reduce(1, *) {
                var place = 0
                for axis in 0..<rank {
                    let offset = tap / tapStrides[axis] % sizes.block[axis]
                    let start = step / stepStrides[axis] % sizes.steps[axis]
                    let index =
                        start * moves.strides[axis] - moves.pads[axis]
                        + offset * moves.dilations[axis]
                    guard index >= 0, index < sizes.picture[axis] else {
                        place = -1
                        break
                    }
                    place += index * own[axis]
                }
                result.append(place)
            }
        }
        return result
    }
}

/// Cuts or pads axes at both ends to a size, what is odd at the end.
struct CenterCropPad: Operator {
    static var bytesPerInput: Int { 0 }
    private let axes: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try attributes.ints("axes")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let sizes = input.shape.dimensions
        let axes = try operands.axes(axes ?? Array(sizes.indices), rank: sizes.count)
        let wanted = try operands.integers(1)
        guard wanted.count == axes.count, wanted.allSatisfy({ $0 >= 0 }) else {
            throw operands.fail("sizes \(wanted) do not fit \(axes.count) axes")
        }
        var (shape, starts) = (sizes, [Int](repeating: 0, count: sizes.count))
        for (axis, size) in zip(axes, wanted) {
            shape[axis] = size
            // Negative where zeros come first.
            starts[axis] =
                size <= sizes[axis] ? (sizes[axis] - size) / 2 : -((size - sizes[axis]) / 2)
        }
        let count = try operands.count(shape)
        guard let all = input.elements.joined(.zeros(1, input.type)) else {
            throw operands.unfit(input.type)
        }
        let (own, result) = (rowMajorStrides(sizes), rowMajorStrides(shape))
        var sources: [Int] = []
        sources.reserveCapacity(count)
        for place in 0..<count {
            try operands.poll(at: place)
            var source = 0
            for axis in shape.indices {
                let index = place / result[axis] % shape[axis] + starts[axis]
                guard index >= 0, index < sizes[axis] else {
                    source = input.count
                    break
                }
                source += index * own[axis]
            }
            sources.append(source)
        }
        return [Tensor(shape: Shape(shape), elements: all.picking(sources))]
    }
}
