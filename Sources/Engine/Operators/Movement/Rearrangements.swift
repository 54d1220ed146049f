import Graph

extension Families {
    /// Operators that reorder, repeat or cut elements.
    static let rearrangements: [String: DeclaredOperator] = [
        "Expand": .init(Expanded.self, takes: 2...2, gives: 1...1, traits: .settings),
        "Tile": .init(Tiled.self, takes: 2...3, gives: 1...1, traits: .settings),
        "DepthToSpace": .init(DepthSpace.self, takes: 1...1, gives: 1...1),
        "SpaceToDepth": .init(DepthSpace.self, takes: 1...1, gives: 1...1),
        "ReverseSequence": .init(ReversedSequences.self, takes: 2...2, gives: 1...1),
    ]
}

struct Expanded: Viewing {
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

struct Tiled: Viewing {
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

/// Blocks of channels to squares of pixels, or back.
struct DepthSpace: Viewing {
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

struct ReversedSequences: Operator {
    static var bytesPerInput: Int { 0 }
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
