import Compute
import Graph

extension Families {
    static let paddings: [String: DeclaredOperator] = [
        "Pad": .init(Padded.self, takes: 1...4, gives: 1...1)
    ]
}

/// Constant, reflected, edge and wrapped padding; negative numbers cut.
struct Padded: PlannedOperator {
    static var bytesPerInput: Int { 0 }
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
            try pick(input, shape, begins, for: operands)
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
        for operands: Operands
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let operands = try plan.shapeOperands(node)
        guard mode == "constant" else {
            let changes = try resampling(operands)
            if let moves = try runs(changes, operands) {
                try moves.lower(node, into: &plan)
            } else {
                try lowerResampling(node, changes, into: &plan)
            }
            return
        }
        guard let moves = try regions(operands) else {
            throw .shape(node: node.name, reason: "a result has no elements")
        }
        try moves.lower(node, into: &plan)
    }

    /// The input inside of the result, and around it a slab before and one after along each axis.
    private func regions(_ operands: Operands) throws(ModelError) -> Moves? {
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

    /// Neighbours of an axis that come from neighbours, perhaps the other way round, or from one element.
    private struct Run {
        let first: Int
        let source: Int
        var count = 1
        var step = 1

        static func all(_ places: [Int]) -> [Run] {
            var runs: [Run] = []
            for (index, place) in places.enumerated() {
                if var last = runs.popLast() {
                    let step = place - places[index - 1]
                    if last.count == 1, abs(step) <= 1 { last.step = step }
                    let continues = step == last.step
                    if continues { last.count += 1 }
                    runs.append(last)
                    if continues { continue }
                }
                runs.append(Run(first: index, source: place))
            }
            return runs
        }
    }

    /// Pieces that a step copies; of more of them no row is worth its start.
    private static let mostPieces = 27

    /// The result as copied pieces of the input; nil if they are many.
    private func runs(
        _ changes: [AxisResampling],
        _ operands: Operands
    ) throws(ModelError) -> Moves? {
        let input = try operands(0).shape.dimensions
        let shape = try placement(operands).shape
        var axes = input.map { [Run(first: 0, source: 0, count: $0)] }
        for change in changes { axes[change.axis] = Run.all(change.places) }
        let count = axes.reduce(1.0) { $0 * Double($1.count) }
        guard count <= Double(Self.mostPieces), shape.allSatisfy({ $0 > 0 }) else { return nil }
        let (from, to) = (rowMajorStrides(input), rowMajorStrides(shape))
        var pieces: [[Run]] = [[]]
        for runs in axes { pieces = pieces.flatMap { piece in runs.map { piece + [$0] } } }
        return Moves(
            shapes: [shape],
            pieces: pieces.map { piece in
                Moves.Piece(
                    sizes: piece.map(\.count),
                    from: (
                        zip(piece, from).reduce(0) { $0 + $1.0.source * $1.1 },
                        zip(piece, from).map { $0.step * $1 }
                    ),
                    to: (zip(piece, to).reduce(0) { $0 + $1.0.first * $1.1 }, to)
                )
            }
        )
    }

    /// What becomes of every axis that is padded with the input's own elements.
    private func resampling(_ operands: Operands) throws(ModelError) -> [AxisResampling] {
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
