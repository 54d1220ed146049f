import Graph

extension PlannedForm {
    /// An operator whose elements are sums of neighbours, their places and weights as constants.
    static func resampled(_ node: Node, _ changes: [AxisResampling]) -> PlannedForm {
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
    /// Elements of the longest axis whose places are listed.
    static let longest = 1 << 16

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
