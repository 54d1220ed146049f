import Graph

extension Evaluators {
    /// Operators that reorder, repeat or cut elements.
    static let rearrangements: [String: EvaluatedOperator] = [
        "Transpose": .init(Transposed.self, takes: 1...1, gives: 1...1),
        "Expand": .init(Expanded.self, takes: 2...2, gives: 1...1),
        "Tile": .init(Tiled.self, takes: 2...3, gives: 1...1),
        "Slice": .init(Sliced.self, takes: 1...5, gives: 1...1),
        "Pad": .init(Padded.self, takes: 1...4, gives: 1...1),
        "DepthToSpace": .init(DepthSpace.self, takes: 1...1, gives: 1...1),
        "SpaceToDepth": .init(DepthSpace.self, takes: 1...1, gives: 1...1),
        "ReverseSequence": .init(ReversedSequences.self, takes: 2...2, gives: 1...1),
        "Trilu": .init(Triangle.self, takes: 1...2, gives: 1...1),
    ]
}

private struct Transposed: Viewing {
    private let order: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        order = try attributes.ints("perm")
    }

    func views(_ operands: Operands) throws(ModelError) -> [StridedView] {
        let input = try operands(0)
        let rank = input.shape.rank
        let order = order ?? Array((0..<rank).reversed())
        guard order.sorted() == Array(0..<rank) else {
            throw operands.fail("perm \(order) does not name each axis of \(input.shape) once")
        }
        let strides = rowMajorStrides(input.shape.dimensions)
        let sizes = order.map { input.shape[$0] }
        return [StridedView(sizes: sizes, strides: order.map { strides[$0] }, shape: sizes)]
    }
}

extension Tensor {
    /// Axis i of the result is axis order[i].
    func transposed(_ order: [Int]) -> Tensor {
        let strides = rowMajorStrides(shape.dimensions)
        let result = order.map { shape[$0] }
        return strided(result, strides: order.map { strides[$0] })
    }
}

private struct Expanded: Viewing {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func views(_ operands: Operands) throws(ModelError) -> [StridedView] {
        let input = try operands(0)
        let wanted = try operands.integers(1)
        guard wanted.allSatisfy({ $0 >= 0 }) else { throw operands.fail("no shape: \(wanted)") }
        let shape = try operands.broadcast([input.shape, Shape(wanted)])
        let strides = StrideWalk.strides(of: input.shape.dimensions, in: shape)
        return [StridedView(sizes: shape, strides: strides, shape: shape)]
    }
}

private struct Tiled: Viewing {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func views(_ operands: Operands) throws(ModelError) -> [StridedView] {
        let input = try operands(0)
        let dimensions = input.shape.dimensions
        var repeats = try operands.integers(1)
        if operands.node.opset < 6 {
            let (tiles, axis) = (repeats, try operands.integers(2))
            repeats = Array(repeating: 1, count: dimensions.count)
            guard tiles.count == 1, axis.count == 1 else {
                throw operands.fail("tiles and axis must be single integers")
            }
            repeats[try operands.axis(axis[0], rank: dimensions.count)] = tiles[0]
        }
        guard repeats.count == dimensions.count, repeats.allSatisfy({ $0 >= 0 }) else {
            throw operands.fail("repeats \(repeats) do not fit \(input.shape)")
        }
        var shape: [Int] = []
        for (size, times) in zip(dimensions, repeats) {
            let (product, overflow) = size.multipliedReportingOverflow(by: times)
            guard !overflow else { throw operands.fail("repeats \(repeats) are too many") }
            shape.append(product)
        }
        // Every axis as two: which copy, and where in it.
        var (split, strides): ([Int], [Int]) = ([], [])
        let own = rowMajorStrides(dimensions)
        for axis in dimensions.indices {
            split += [repeats[axis], dimensions[axis]]
            strides += [0, own[axis]]
        }
        return [StridedView(sizes: split, strides: strides, shape: shape)]
    }
}

/// Starts, ends and axes are attributes before opset 10, inputs with steps since.
private struct Sliced: Viewing {
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

/// Constant, reflected, edge and wrapped padding; negative numbers cut.
struct Padded: Evaluated {
    static var widens: Bool { false }
    let mode: String
    private let fixed: (pads: [Int], value: Float)?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        mode = try attributes.string("mode", default: "constant")
        guard ["constant", "reflect", "edge", "wrap"].contains(mode) else {
            throw attributes.mismatch("mode", "constant, reflect, edge or wrap", .string(mode))
        }
        guard attributes.opset < 11 else {
            fixed = nil
            return
        }
        let name = attributes.opset < 2 ? "paddings" : "pads"
        fixed = (
            try attributes.ints(name) ?? [], try attributes.float("value", default: 0)
        )
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let (shape, begins) = try placement(operands)
        guard try operands.count(shape) > 0 else { return [input.picking([], shape: shape)] }
        return [
            try pick(input, shape, begins, operands)
        ]
    }

    /// The result's sizes, and where the input begins in it.
    func placement(_ operands: Operands) throws(ModelError) -> (shape: [Int], begins: [Int]) {
        let input = try operands(0)
        let rank = input.shape.rank
        let pads = try (fixed?.pads).or(operands.integers(1))
        let axes = try operands.axes(
            fixed == nil ? operands.optionalIntegers(3) ?? Array(0..<rank) : Array(0..<rank),
            rank: rank
        )
        guard pads.count == 2 * axes.count else {
            throw operands.fail("pads \(pads) do not fit \(input.shape)")
        }
        var begins = [Int](repeating: 0, count: rank)
        var shape = input.shape.dimensions
        for (index, axis) in axes.enumerated() {
            begins[axis] = pads[index]
            shape[axis] += pads[index] + pads[index + axes.count]
        }
        guard shape.allSatisfy({ $0 >= 0 }) else {
            throw operands.fail("pads \(pads) cut more than \(input.shape) has")
        }
        return (shape, begins)
    }

    /// The number that is put around; nil if that is 0.
    func filler(_ operands: Operands) -> Tensor? {
        if let fixed {
            return fixed.value == 0 ? nil : Tensor(shape: [1], floats: [fixed.value])
        }
        guard let value = operands.optional(2), value.count > 0 else { return nil }
        return value.picking([0], shape: [1])
    }

    private func pick(
        _ input: Tensor,
        _ shape: [Int],
        _ begins: [Int],
        _ operands: Operands
    ) throws(ModelError) -> Tensor {
        let sizes = input.shape.dimensions
        // For each axis, the place of each of the result's elements, −1 for padding.
        let maps = shape.indices.map { axis in
            (0..<shape[axis]).map { source($0 - begins[axis], sizes[axis]) }
        }
        guard mode == "constant" || !maps.contains(where: { $0.contains(-1) }) else {
            throw operands.fail("\(mode) needs at least one element along each axis it pads")
        }
        let fill = try fillValue(input, operands)
        guard let all = input.elements.joined(fill) else {
            throw operands.fail("the value of Pad must have its input's type")
        }
        let strides = rowMajorStrides(sizes)
        var sources = [0]
        for axis in shape.indices {
            let places = maps[axis].map { $0 < 0 ? -1 : $0 * strides[axis] }
            var next: [Int] = []
            next.reserveCapacity(sources.count * places.count)
            for base in sources {
                for place in places { next.append(base < 0 || place < 0 ? -1 : base + place) }
            }
            sources = next
        }
        return Tensor(
            shape: Shape(shape),
            elements: all.picking(sources.map { $0 < 0 ? input.count : $0 })
        )
    }

    private func fillValue(
        _ input: Tensor,
        _ operands: Operands
    ) throws(ModelError) -> Tensor.Elements {
        if let fixed {
            return try operands.result([1], [Double(fixed.value)], input.type).elements
        }
        guard let value = operands.optional(2), value.count > 0 else {
            return .zeros(1, input.type)
        }
        return value.elements.picking([0])
    }

    func source(_ index: Int, _ size: Int) -> Int {
        if index >= 0, index < size { return index }
        guard size > 0 else { return -1 }
        switch mode {
        case "edge": return min(max(index, 0), size - 1)
        case "wrap": return ((index % size) + size) % size
        case "reflect":
            guard size > 1 else { return 0 }
            let period = 2 * (size - 1)
            let place = ((index % period) + period) % period
            return place < size ? place : period - place
        default: return -1
        }
    }
}

/// Blocks of channels to squares of pixels, or back.
private struct DepthSpace: Viewing {
    private let size: Int
    private let columnsLast: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        size = try attributes.int("blocksize", default: 0)
        guard (1...1 << 16).contains(size) else {
            throw attributes.mismatch("blocksize", "a positive integer", .int(size))
        }
        let mode = try attributes.string("mode", default: "DCR")
        guard ["DCR", "CRD"].contains(mode) else {
            throw attributes.mismatch("mode", "DCR or CRD", .string(mode))
        }
        columnsLast = mode == "CRD"
    }

    func views(_ operands: Operands) throws(ModelError) -> [StridedView] {
        let input = try operands(0)
        let s = input.shape.dimensions
        guard s.count == 4 else { throw operands.fail("\(operands.node.op) needs [N, C, H, W]") }
        let b = size
        if operands.node.op == "SpaceToDepth" {
            guard s[2] % b == 0, s[3] % b == 0 else {
                throw operands.fail("\(input.shape) is not made of squares of \(b)")
            }
            return [
                Self.view(
                    [s[0], s[1], s[2] / b, b, s[3] / b, b],
                    order: columnsLast ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4],
                    shape: [s[0], s[1] * b * b, s[2] / b, s[3] / b]
                )
            ]
        }
        guard s[1] % (b * b) == 0 else {
            throw operands.fail("the channels of \(input.shape) are not made of \(b * b)")
        }
        let c = s[1] / (b * b)
        return [
            Self.view(
                columnsLast ? [s[0], c, b, b, s[2], s[3]] : [s[0], b, b, c, s[2], s[3]],
                order: columnsLast ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2],
                shape: [s[0], c, s[2] * b, s[3] * b]
            )
        ]
    }

    /// The axes of `split` in another order.
    private static func view(_ split: [Int], order: [Int], shape: [Int]) -> StridedView {
        let strides = rowMajorStrides(split)
        return StridedView(
            sizes: order.map { split[$0] },
            strides: order.map { strides[$0] },
            shape: shape
        )
    }
}

private struct ReversedSequences: Evaluated {
    static var widens: Bool { false }
    private let timeAxis: Int
    private let batchAxis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        timeAxis = try attributes.int("time_axis", default: 0)
        batchAxis = try attributes.int("batch_axis", default: 1)
        guard [timeAxis, batchAxis].sorted() == [0, 1] else {
            throw attributes.mismatch(
                "time_axis",
                "0 or 1, and batch_axis the other",
                .int(timeAxis)
            )
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let lengths = try operands.integers(1)
        let shape = input.shape.dimensions
        guard shape.count >= 2, lengths.count == shape[batchAxis],
            lengths.allSatisfy({ $0 >= 0 && $0 <= shape[timeAxis] })
        else { throw operands.fail("sequence_lens \(lengths) do not fit \(input.shape)") }
        let inner = shape[2...].reduce(1, *)
        _ = try operands.count(shape)
        let sources = (0..<input.count).map { index in
            var position = [index / (shape[1] * inner), index / inner % shape[1]]
            let (time, length) = (position[timeAxis], lengths[position[batchAxis]])
            if time < length { position[timeAxis] = length - 1 - time }
            return (position[0] * shape[1] + position[1]) * inner + index % inner
        }
        return [input.picking(sources, shape: shape)]
    }
}

/// The upper or lower triangle of matrices, zeros elsewhere.
private struct Triangle: Evaluated {
    static var widens: Bool { false }
    private let isUpper: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isUpper = try attributes.flag("upper", default: true)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let shape = input.shape.dimensions
        guard shape.count >= 2 else { throw operands.fail("Trilu needs matrices") }
        _ = try operands.count(shape)
        let diagonal = try operands.optionalInteger(1) ?? 0
        guard let all = input.elements.joined(.zeros(1, input.type)) else {
            throw operands.unfit(input.type)
        }
        let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
        let limit = min(max(diagonal, -rows - columns), rows + columns)
        let sources = (0..<input.count).map { index in
            let (row, column) = (index / columns % rows, index % columns)
            let isKept = isUpper ? column - row >= limit : column - row <= limit
            return isKept ? index : input.count
        }
        return [Tensor(shape: input.shape, elements: all.picking(sources))]
    }
}
