import Compute
import Graph

extension Families {
    static let resizes: [String: DeclaredOperator] = [
        "Resize": .init(Resized.self, takes: 1...4, gives: 1...1, traits: .settings),
        "Upsample": .init(Resized.self, takes: 1...2, gives: 1...1, traits: .settings),
    ]
}

/// Interpolation to another size, axis by axis.
struct Resized: PlannedOperator {
    let interpolation: AxisInterpolation
    let axes: [Int]?
    private let policy: String
    private let scales: [Double]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        interpolation = try AxisInterpolation(&attributes)
        axes = try attributes.ints("axes")
        policy = try attributes.string("keep_aspect_ratio_policy", default: "stretch")
        guard ["stretch", "not_larger", "not_smaller"].contains(policy) else {
            throw attributes.mismatch("keep_aspect_ratio_policy", "ONNX's words", .string(policy))
        }
        let isOldest = attributes.op == "Upsample" && attributes.opset < 9
        scales = isOldest ? try attributes.floats("scales")?.map { Double($0) } : nil
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard var values = input.elements.doubles else { throw operands.unfit(input.type) }
        var shape = input.shape.dimensions
        let axes = try operands.axes(axes ?? Array(shape.indices), rank: shape.count)
        let targets = try targets(operands, axes.map { shape[$0] })
        let region = try region(operands, axes.count)
        var outside: [Bool] = []
        for (index, axis) in axes.enumerated() {
            let target = targets[index]
            guard target.size != shape[axis] || target.scale != 1 || region != nil else { continue }
            guard shape[axis] > 0 else { throw operands.fail("axis \(axis) has no elements") }
            var next = shape
            next[axis] = target.size
            guard try operands.count(next) > 0 else {
                (values, shape) = ([], next)
                continue
            }
            let inner = shape[(axis + 1)...].reduce(1, *)
            let length = shape[axis]
            let wasOutside = outside
            var result = [Double](repeating: 0, count: Shape(next).count)
            outside = region == nil ? [] : [Bool](repeating: false, count: result.count)
            // Neighbours of one element at a time: of all of them they would be more than the result.
            for row in 0..<target.size {
                try operands.poll(at: row)
                let tap = interpolation.taps(
                    row,
                    input: length,
                    target: target,
                    region: region.map { ($0[index], $0[index + axes.count]) }
                )
                for outer in 0..<shape[..<axis].reduce(1, *) {
                    try operands.poll(at: outer)
                    for column in 0..<inner {
                        let base = outer * length * inner + column
                        let place = (outer * target.size + row) * inner + column
                        var sum = 0.0
                        for (source, weight) in tap?.pairs ?? [] {
                            sum += values[base + source * inner] * weight
                        }
                        result[place] = tap == nil ? interpolation.extrapolation : sum
                        guard region != nil else { continue }
                        let inherited =
                            !wasOutside.isEmpty
                            && (tap?.pairs.first.map { wasOutside[base + $0.source * inner] }
                                ?? false)
                        outside[place] = tap == nil || inherited
                        if inherited { result[place] = interpolation.extrapolation }
                    }
                }
            }
            (values, shape) = (result, next)
        }
        return [try operands.result(shape, values, input.type)]
    }

    /// The new size of each axis and the scale that coordinates are computed with.
    func targets(
        _ operands: Operands,
        _ sizes: [Int]
    ) throws(ModelError) -> [ResizeTarget] {
        let isResize = operands.node.op == "Resize" && operands.node.opset >= 11
        let given = operands.optional(isResize ? 2 : 1)?.elements.doubles
        if let scales = scales ?? given, !scales.isEmpty {
            guard scales.count == sizes.count, scales.allSatisfy({ $0 > 1e-9 && $0 < 1e9 }) else {
                throw operands.fail("scales \(scales) do not fit \(sizes)")
            }
            return zip(sizes, scales).map {
                ResizeTarget(size: Int(saturating: Double($0) * $1), scale: $1)
            }
        }
        let wanted = try operands.integers(3)
        guard wanted.count == sizes.count, wanted.allSatisfy({ $0 >= 0 }), !sizes.contains(0) else {
            throw operands.fail("sizes \(wanted) do not fit \(sizes)")
        }
        let scales = zip(wanted, sizes).map { Double($0) / Double($1) }
        guard policy != "stretch" else {
            return zip(wanted, scales).map { ResizeTarget(size: $0, scale: $1) }
        }
        let scale = (policy == "not_larger" ? scales.min() : scales.max()) ?? 1
        return sizes.map {
            ResizeTarget(
                size: Int(saturating: (scale * Double($0) + 0.5).rounded(.down)),
                scale: scale
            )
        }
    }

    private func region(_ operands: Operands, _ axes: Int) throws(ModelError) -> [Double]? {
        guard interpolation.crops else { return nil }
        let values = try operands.floats(1)
        guard values.count == 2 * axes, values.allSatisfy({ abs($0) < 1e6 }) else {
            throw operands.fail("roi must hold \(2 * axes) numbers within 1,000,000")
        }
        return values
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let changes = try resampling(plan.shapeOperands(node)) else {
            throw .shape(node: node.name, reason: "\(node.op) of a region is not planned")
        }
        try lowerResampling(node, changes, into: &plan)
    }

    /// What becomes of every axis that changes; nil where that depends on a region.
    private func resampling(_ operands: Operands) throws(ModelError) -> [AxisResampling]? {
        guard !interpolation.crops else { return nil }
        let sizes = try operands(0).shape.dimensions
        let axes = try operands.axes(axes ?? Array(sizes.indices), rank: sizes.count)
        var changes: [AxisResampling] = []
        for (axis, target) in zip(axes, try targets(operands, axes.map { sizes[$0] }))
        where target.size != sizes[axis] || target.scale != 1 {
            guard (1...AxisResampling.longest).contains(target.size) else { return nil }
            let taps = (0..<target.size).map { place in
                interpolation.taps(place, input: sizes[axis], target: target, region: nil)?.pairs
                    ?? []
            }
            var change = AxisResampling(axis: axis, outputs: target.size)
            let most = taps.map(\.count).max() ?? 0
            for pairs in taps {
                let padded = pairs + Array(repeating: (0, 0), count: most - pairs.count)
                change.places += padded.map(\.source)
                change.weights += padded.map(\.weight)
            }
            changes.append(change)
        }
        return changes
    }
}
