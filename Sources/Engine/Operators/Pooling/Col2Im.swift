import Graph

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
