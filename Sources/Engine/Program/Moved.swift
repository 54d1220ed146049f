import Graph

extension PlannedForm {
    /// Operators that only move elements, whatever their attributes.
    static let moving: Set = [
        "Slice", "Pad", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Concat", "Split",
        "Resize", "Upsample",
    ]

    /// What the operator's definition says of the places of elements, as regions that are copied.
    static func moved(
        _ node: Node,
        shape: (String) -> Shape?,
        constants: [String: Tensor]
    ) -> PlannedForm? {
        let sources = node.op == "Concat" ? node.inputs.count : 1
        var tensors: [Tensor?] = []
        for name in node.inputs.prefix(sources) {
            // Texts are no values of plans.
            guard let shape = shape(name), shape.count > 0,
                constants[name].map({ $0.type.kind != nil }) ?? true
            else { return nil }
            tensors.append(Tensor(sized: shape))
        }
        for name in node.inputs.dropFirst(sources) {
            guard name.isEmpty || constants[name] != nil else { return nil }
            tensors.append(constants[name])
        }
        let operands = Operands(
            node: node,
            tensors: tensors,
            context: .folding(memoryLimit: .max / 64)
        )
        guard let evaluator = try? Evaluators.make(node) else { return nil }
        let changes: [AxisResampling]?
        switch evaluator {
        case let resized as Resized: changes = try? resized.resampling(operands)
        case let padded as Padded where padded.mode != "constant":
            changes = try? padded.resampling(operands)
        default:
            guard let moves = try? evaluator.moves(operands) else { return nil }
            return moves.node(in: node, sources: sources).map { PlannedForm(node: $0) }
        }
        guard let changes else { return nil }
        return changes.isEmpty
            ? renaming(node, to: tensors[0]?.shape) : resampled(node, changes)
    }
}

/// Regions of results and where their elements come from.
private struct Moves {
    /// A region: so many elements, by strides in an input and in an output.
    ///
    /// Input −1 is the number that fills.
    struct Piece {
        var input = 0
        var output = 0
        let sizes: [Int]
        let from: (offset: Int, strides: [Int])
        let to: (offset: Int, strides: [Int])

        /// As the plan's operator reads it.
        var integers: [Int] {
            var list = [input, output, sizes.count]
            list += sizes
            list.append(from.offset)
            list += from.strides
            list.append(to.offset)
            return list + to.strides
        }
    }

    var shapes: [[Int]]
    var pieces: [Piece]
    var fill: Tensor?

    /// The plan's operator; nil where a result has no elements.
    func node(in node: Node, sources: Int) -> Node? {
        guard shapes.count >= node.outputs.count,
            shapes.allSatisfy({ Shape($0).isUsual && Shape($0).count > 0 })
        else { return nil }
        var move = Node(name: node.name, op: Move.name)
        move.inputs = Array(node.inputs.prefix(sources))
        move.outputs = node.outputs
        move.attributes = [
            "shapes": .ints(shapes.flatMap { [$0.count] + $0 }),
            "pieces": .ints(pieces.flatMap(\.integers)),
        ]
        if let fill { move.attributes["fill"] = .tensor(fill) }
        return move
    }
}

extension Evaluated {
    /// Nil where elements are not only moved.
    fileprivate func moves(_ operands: Operands) throws(ModelError) -> Moves? {
        switch self {
        case let viewing as any Viewing: Moves(try viewing.views(operands))
        case let joined as Joined: try joined.regions(operands)
        case let padded as Padded: try padded.regions(operands)
        default: nil
        }
    }
}

extension Moves {
    /// Views of one input.
    fileprivate init(_ views: [StridedView]) {
        shapes = views.map(\.shape)
        pieces = views.enumerated().map { index, view in
            Piece(
                output: index,
                sizes: view.sizes,
                from: (view.offset, view.strides),
                to: (0, rowMajorStrides(view.sizes))
            )
        }
    }
}

extension Joined {
    fileprivate func regions(_ operands: Operands) throws(ModelError) -> Moves {
        let (shape, axis, parts) = try placement(operands)
        let rows = shape[..<axis].reduce(1, *)
        let width = shape[axis...].reduce(1, *)
        var moves = Moves(shapes: [shape], pieces: [])
        var start = 0
        for (input, part) in parts.enumerated() {
            moves.pieces.append(
                Moves.Piece(
                    input: input,
                    sizes: [rows, part.width],
                    from: (0, [part.width, 1]),
                    to: (start, [width, 1])
                )
            )
            start += part.width
        }
        return moves
    }
}

extension Padded {
    /// The input inside of the result, and around it a slab before and one after along each axis.
    fileprivate func regions(_ operands: Operands) throws(ModelError) -> Moves? {
        let input = try operands(0).shape.dimensions
        let (shape, begins) = try placement(operands)
        guard Shape(shape).isUsual, shape.allSatisfy({ $0 > 0 }) else { return nil }
        let fill = filler(operands)
        let (from, to) = (rowMajorStrides(input), rowMajorStrides(shape))
        // The part of each axis that the input has, in the result's counting.
        let kept = shape.indices.map { axis in
            let low = min(max(begins[axis], 0), shape[axis])
            return low..<max(low, min(begins[axis] + input[axis], shape[axis]))
        }
        var moves = Moves(shapes: [shape], pieces: [], fill: fill)
        func add(_ input: Int, _ region: [Range<Int>]) {
            guard region.allSatisfy({ !$0.isEmpty }) else { return }
            let lows = region.map(\.lowerBound)
            let offset = lows.indices.reduce(0) { $0 + (lows[$1] - begins[$1]) * from[$1] }
            moves.pieces.append(
                Moves.Piece(
                    input: input,
                    sizes: region.map(\.count),
                    from: input < 0 ? (0, lows.map { _ in 0 }) : (offset, from),
                    to: (zip(lows, to).reduce(0) { $0 + $1.0 * $1.1 }, to)
                )
            )
        }
        for axis in shape.indices {
            // Axes before are inside the input: no element is written twice.
            let rest = shape[(axis + 1)...].map { 0..<$0 }
            add(-1, kept[..<axis] + [0..<kept[axis].lowerBound] + rest)
            add(-1, kept[..<axis] + [kept[axis].upperBound..<shape[axis]] + rest)
        }
        add(0, kept)
        return moves
    }

    /// What becomes of every axis that is padded with the input's own elements.
    fileprivate func resampling(_ operands: Operands) throws(ModelError) -> [AxisResampling] {
        let input = try operands(0).shape.dimensions
        let (shape, begins) = try placement(operands)
        var changes: [AxisResampling] = []
        for axis in shape.indices where shape[axis] != input[axis] || begins[axis] != 0 {
            guard (1...AxisResampling.longest).contains(shape[axis]) else {
                throw operands.fail("axis \(axis) has \(shape[axis]) elements")
            }
            let places = (0..<shape[axis]).map { source($0 - begins[axis], input[axis]) }
            guard places.allSatisfy({ $0 >= 0 }) else {
                throw operands.fail("no element to repeat")
            }
            changes.append(
                AxisResampling(
                    axis: axis,
                    outputs: shape[axis],
                    places: places,
                    weights: places.map { _ in 1 }
                )
            )
        }
        return changes
    }
}
