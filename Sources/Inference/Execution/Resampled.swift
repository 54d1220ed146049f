import Compute

extension PlannedForm {
    /// A Resize by sums of neighbours, their places and weights as constants.
    static func resampled(
        _ node: Node,
        shape: (String) -> Shape?,
        constants: [String: Tensor]
    ) -> PlannedForm? {
        guard let first = shape(node.inputs[0]), first.count > 0,
            node.inputs.dropFirst().allSatisfy({ $0.isEmpty || constants[$0] != nil })
        else { return nil }
        let shown = Tensor(shape: first, elements: .zeros(first.count, .bool))
        let operands = Operands(
            node: node,
            tensors: [shown] + node.inputs.dropFirst().map { constants[$0] },
            context: .folding(memoryLimit: 1 << 24)
        )
        guard let resized = try? Evaluators.make(node) as? Resized,
            let changes = try? resized.resampling(operands), !changes.isEmpty
        else { return nil }
        var form = PlannedForm(node: Node(name: node.name, op: Resample.name))
        form.node.outputs = [node.outputs[0]]
        form.node.inputs = [node.inputs[0]]
        form.node.attributes["axes"] = .ints(changes.map(\.axis))
        for change in changes {
            let name = "\(node.outputs[0])/\(change.axis)"
            let sizes: Shape = [change.outputs, change.places.count / change.outputs]
            form.added["\(name)/places"] = Tensor(shape: sizes, integers: change.places)
            form.added["\(name)/weights"] = Tensor(
                shape: sizes,
                floats: change.weights.map { Float($0) }
            )
            form.node.inputs += ["\(name)/places", "\(name)/weights"]
        }
        return form
    }
}

/// Which elements of an axis make up each of its new ones, as many for each.
struct AxisResampling {
    let axis: Int
    let outputs: Int
    var places: [Int] = []
    var weights: [Double] = []
}

extension Resized {
    /// What becomes of every axis that changes; nil where that depends on a region.
    func resampling(_ operands: Operands) throws(ModelError) -> [AxisResampling]? {
        guard !interpolation.crops else { return nil }
        let sizes = try operands(0).shape.dimensions
        let axes = try operands.axes(axes ?? Array(sizes.indices), rank: sizes.count)
        var changes: [AxisResampling] = []
        for (axis, target) in zip(axes, try targets(operands, axes.map { sizes[$0] }))
        where target.size != sizes[axis] || target.scale != 1 {
            guard (1...1 << 16).contains(target.size) else { return nil }
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
