import Graph

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
