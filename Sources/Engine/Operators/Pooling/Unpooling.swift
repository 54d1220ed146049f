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
