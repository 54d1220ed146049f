import Graph

extension Families {
    static let slices: [String: DeclaredOperator] = [
        "Slice": .init(Sliced.self, takes: 1...5, gives: 1...1, traits: .settings)
    ]
}

/// Starts, ends and axes are attributes before opset 10, inputs with steps since.
struct Sliced: Viewing {
    private let fixed: (starts: [Int], ends: [Int], axes: [Int]?)?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        guard attributes.opset < 10 else {
            fixed = nil
            return
        }
        fixed = (
            try attributes.ints("starts", in: AttributeReader.any) ?? [],
            try attributes.ints("ends", in: AttributeReader.any) ?? [],
            try attributes.ints("axes")
        )
    }

    func views(_ operands: Operands) throws(ModelError) -> [StridedView] {
        let input = try operands(0)
        let rank = input.shape.rank
        let starts = try (fixed?.starts).or(operands.anyIntegers(1))
        let ends = try (fixed?.ends).or(operands.anyIntegers(2))
        let named = fixed == nil ? try operands.optionalIntegers(3) : fixed?.axes
        let axes = try operands.axes(named ?? Array(starts.indices), rank: rank)
        let isStepped = fixed == nil && operands.optional(4) != nil
        let steps = isStepped ? try operands.anyIntegers(4) : nil
        guard starts.count == axes.count, ends.count == axes.count,
            steps.map({ $0.count == axes.count && !$0.contains(0) }) ?? true
        else { throw operands.fail("starts, ends, axes and steps do not fit \(input.shape)") }
        var (shape, strides) = (input.shape.dimensions, rowMajorStrides(input.shape.dimensions))
        var offset = 0
        for (index, axis) in axes.enumerated() {
            let cut = SliceRange(
                start: starts[index],
                end: ends[index],
                step: steps?[index] ?? 1,
                size: shape[axis]
            )
            offset += cut.first * strides[axis]
            strides[axis] = cut.count > 1 ? strides[axis] * cut.step : 0
            shape[axis] = cut.count
        }
        return [StridedView(sizes: shape, strides: strides, offset: offset, shape: shape)]
    }
}

/// The elements a slice takes of one axis, by the rules of NumPy.
struct SliceRange {
    let first: Int
    let count: Int
    let step: Int

    init(start: Int, end: Int, step: Int, size: Int) {
        func place(_ index: Int, _ lowest: Int, _ highest: Int) -> Int {
            min(max(index < 0 ? index &+ size : index, lowest), highest)
        }
        self.step = step
        if step > 0 {
            let (from, to) = (place(start, 0, size), place(end, 0, size))
            first = from
            count = to > from ? (to - from - 1) / step + 1 : 0
        } else {
            let (from, to) = (place(start, -1, size - 1), place(end, -1, size - 1))
            first = from
            count = from > to ? (from - to - 1) / (step == .min ? .max : -step) + 1 : 0
        }
    }
}
