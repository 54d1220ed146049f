import Graph

/// Groups of nodes that exporters write for what plans know as one layer.
enum OnnxPatterns {
    /// A node, and the places of the file's nodes it stands for.
    struct Item {
        let node: Node
        let covers: [Int]
        /// Values the item needs, graphs inside of it included.
        let reads: [String]
    }

    /// All groups that are found before shapes are known.
    static func apply(
        _ items: [Item],
        constants: inout [String: Tensor],
        wanted: Set<String>
    ) -> [Item] {
        let joined = joinPads(items, constants: constants, wanted: wanted)
        return pairMaxima(joined, constants: &constants, wanted: wanted)
    }

    /// Finds maxout over two halves of a layer's outputs: Slice and Slice, then Max.
    ///
    /// The layer's outputs change their order so that what is compared lies side by side.
    private static func pairMaxima(
        _ items: [Item],
        constants: inout [String: Tensor],
        wanted: Set<String>
    ) -> [Item] {
        var result = items
        for item in items where item.node.op == "Max" {
            guard let found = maxout(item, in: result, constants, wanted) else { continue }
            let order = found.order
            let (layer, axis) = (found.layer.node, found.axis)
            var node = layer
            node.outputs = ["\(layer.outputs[0])/pairs"]
            for (index, name) in layer.inputs.enumerated().dropFirst() {
                guard let tensor = constants[name] else { continue }
                constants["\(name)/pairs"] = tensor.reordered(
                    order,
                    axis: index == 1 ? axis : tensor.shape.rank - 1
                )
                node.inputs[index] = "\(name)/pairs"
            }
            var pairs = Node(name: item.node.name, op: "Maxout")
            pairs.inputs = node.outputs
            pairs.outputs = item.node.outputs
            pairs.attributes = ["axis": .int(1)]
            let place = result.firstIndex { $0.covers == item.covers } ?? 0
            result[place] = Item(
                node: pairs,
                covers: found.covers + item.covers,
                reads: found.layer.reads
            )
            result.removeAll { $0.covers.count == 1 && found.covers.contains($0.covers[0]) }
            result.insert(
                Item(node: node, covers: [], reads: []),
                at: place - found.covers.count
            )
        }
        return result
    }

    private struct Maxout {
        let layer: Item
        let covers: [Int]
        /// The weights' axis of outputs.
        let axis: Int
        let order: [Int]
    }

    private static func maxout(
        _ item: Item,
        in items: [Item],
        _ constants: [String: Tensor],
        _ wanted: Set<String>
    ) -> Maxout? {
        func sole(_ name: String, uses: Int) -> Item? {
            guard !wanted.contains(name),
                items.reduce(0, { $0 + $1.reads.count { $0 == name } }) == uses
            else { return nil }
            return items.first { $0.node.outputs == [name] }
        }
        let node = item.node
        guard node.inputs.count == 2, let a = sole(node.inputs[0], uses: 1),
            let b = sole(node.inputs[1], uses: 1), let source = a.node.inputs.first,
            b.node.inputs.first == source, let layer = sole(source, uses: 2),
            let (weights, axis) = outputs(of: layer.node, constants)
        else { return nil }
        let count = weights.shape[axis]
        guard count % 2 == 0, halves(a.node, constants) == 0..<count / 2,
            let second = halves(b.node, constants), second.lowerBound == count / 2,
            second.upperBound >= count
        else { return nil }
        return Maxout(
            layer: layer,
            covers: layer.covers + a.covers + b.covers,
            axis: axis,
            order: (0..<count).map { $0 / 2 + $0 % 2 * (count / 2) }
        )
    }

    /// The constant weights of a layer and their axis of outputs.
    private static func outputs(
        of node: Node,
        _ constants: [String: Tensor]
    ) -> (Tensor, Int)? {
        guard node.inputs.count >= 2, let weights = constants[node.inputs[1]],
            weights.type == .float32,
            node.inputs.count == 2 || constants[node.inputs[2]]?.shape.rank == 1
        else { return nil }
        switch node.op {
        case "Conv":
            guard node.attributes["group"] ?? .int(1) == .int(1), weights.shape.rank >= 3 else {
                return nil
            }
            return (weights, 0)
        case "Gemm" where weights.shape.rank == 2:
            return (weights, node.attributes["transB"] == .int(1) ? 0 : 1)
        default: return nil
        }
    }

    /// The range a Slice takes of axis 1.
    static func halves(_ node: Node, _ constants: [String: Tensor]) -> Range<Int>? {
        guard node.op == "Slice", node.opset >= 10, node.inputs.count >= 4 else { return nil }
        let values = node.inputs.dropFirst().map { constants[$0]?.integers ?? [] }
        guard values.prefix(3).allSatisfy({ $0.count == 1 }), values[2] == [1],
            values.count < 4 || values[3] == [1], values[0][0] >= 0, values[1][0] > values[0][0]
        else { return nil }
        return values[0][0]..<values[1][0]
    }
}

extension Tensor {
    /// The slices along an axis in another order.
    fileprivate func reordered(_ order: [Int], axis: Int) -> Tensor {
        let (sizes, along) = (shape.dimensions, shape[axis])
        let inner = sizes[(axis + 1)...].reduce(1, *)
        if axis == 0, let stored = storedFloats?.reordered(order, slice: inner) {
            return Tensor(shape: shape, stored: stored)
        }
        let reordered = mapFloats(shape) { values in
            var result: [Float] = []
            result.reserveCapacity(values.count)
            for outer in stride(from: 0, to: values.count, by: max(1, along * inner)) {
                for slice in order {
                    let start = outer + slice * inner
                    result.append(contentsOf: values[start..<start + inner])
                }
            }
            return result
        }
        if let reordered { return reordered }
        let sources = (0..<count).map { place in
            let slice = place / inner % along
            return place + (order[slice] - slice) * inner
        }
        return picking(sources, shape: sizes)
    }
}

extension StoredFloats {
    /// Large slices in another order, each read by itself; nil if all had to be read for each.
    fileprivate func reordered(_ order: [Int], slice: Int) -> StoredFloats? {
        guard isDivisible, slice >= 1024, order.count * slice == count else { return nil }
        return StoredFloats(
            count: count,
            makePart: { part throws(ModelError) in
                var result: [Float] = []
                result.reserveCapacity(part.count)
                var place = part.lowerBound
                while place < part.upperBound {
                    let (index, offset) = place.quotientAndRemainder(dividingBy: slice)
                    let end = min((index + 1) * slice, part.upperBound)
                    let start = order[index] * slice + offset
                    result += try self.read(start..<start + end - place)
                    place = end
                }
                return result
            }
        )
    }
}
