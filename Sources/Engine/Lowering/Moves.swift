import Compute
import Graph

/// Regions of one or more inputs that are copied by strides into results, or filled with a number.
struct Moves {
    /// A region: so many elements, by strides in an input and in an output.
    ///
    /// Input −1 is the number that fills.
    struct Piece {
        var input = 0
        var output = 0
        let sizes: [Int]
        let from: (offset: Int, strides: [Int])
        let to: (offset: Int, strides: [Int])
    }

    /// Of the results.
    var shapes: [[Int]]
    var pieces: [Piece]
    /// One number of the inputs' type; 0 if there is none.
    var fill: Tensor?

    /// Views of one input.
    init(_ views: [StridedView]) {
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

    init(shapes: [[Int]], pieces: [Piece], fill: Tensor? = nil) {
        self.shapes = shapes
        self.pieces = pieces
        self.fill = fill
    }

    /// Adds a step for each output that is named; the first `sources` inputs of the node are moved.
    func lower(
        _ node: Node,
        sources: Int = 1,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        guard shapes.count >= node.outputs.count,
            shapes.allSatisfy({ Shape($0).isUsual && Shape($0).count > 0 })
        else { throw .shape(node: node.name, reason: "a result has no elements") }
        var inputs: [ValueID] = []
        for index in 0..<sources { inputs.append(try plan.typed(node, index)) }
        let type = inputs.first.map { plan[$0].type } ?? .float32
        guard inputs.allSatisfy({ plan[$0].type == type }), fill.map({ $0.type == type }) ?? true
        else { throw .shape(node: node.name, reason: "what is moved differs in type") }
        let filler = FloatStorage(fill?.elements ?? .zeros(1, type))
        let counts = inputs.map { plan.shape(of: $0).count }
        for (index, name) in node.outputs.enumerated() where !name.isEmpty {
            let shape = Shape(shapes[index])
            let output = try plan.define(name, shape, .dense, type: type)
            let own = pieces.filter { $0.output == index }.map { Region($0) }
            let copies = Copies(own, fill: filler, width: plan[output].width)
            guard copies.fit(counts, result: shape.count) else {
                throw .shape(node: node.name, reason: "places lie outside of the inputs")
            }
            plan.step(
                node.name,
                chunks: copies.chunks,
                reads: inputs,
                writes: [output],
                isExact: true
            ) {
                [inputs] placement in
                let (from, to) = (inputs.map { placement[$0] }, placement[output])
                return { arena, chunk in
                    copies.run(chunk, from: from, into: to.position(in: arena).bytes, arena)
                }
            }
        }
    }
}

private struct Region: Sendable {
    let input: Int
    let from: Int
    let to: Int
    let walk: StrideWalk
    let reach: (from: ClosedRange<Int>, to: ClosedRange<Int>)

    init(_ piece: Moves.Piece) {
        input = piece.input
        from = piece.from.offset
        to = piece.to.offset
        let order = Self.order(piece)
        walk = StrideWalk(
            order.map { piece.sizes[$0] },
            order.map { piece.from.strides[$0] },
            order.map { piece.to.strides[$0] }
        )
        reach = (
            Self.reach(from, piece.sizes, piece.from.strides),
            Self.reach(to, piece.sizes, piece.to.strides)
        )
    }

    /// The axes in the order in which they are walked along: of a short last one, a longer one whose elements lie close together
    /// on either side comes last.
    private static func order(_ piece: Moves.Piece) -> [Int] {
        var order = piece.sizes.indices.filter { piece.sizes[$0] != 1 }
        func distance(_ axis: Int) -> UInt {
            piece.from.strides[axis].magnitude + piece.to.strides[axis].magnitude
        }
        guard let last = order.last, piece.sizes[last] < Self.short,
            let best = order.filter({ piece.sizes[$0] >= Self.short })
                .min(by: { distance($0) < distance($1) })
        else { return order }
        order.removeAll { $0 == best }
        return order + [best]
    }

    /// Elements for which it is not worth finding their places.
    private static let short = 8

    /// The least and the greatest place.
    private static func reach(_ start: Int, _ sizes: [Int], _ strides: [Int]) -> ClosedRange<Int> {
        var (low, high) = (start, start)
        for (size, stride) in zip(sizes, strides) {
            let way = (size - 1) * stride
            if way < 0 { low += way } else { high += way }
        }
        return low...high
    }
}

/// The regions of one output, cut into chunks.
private struct Copies: Sendable {
    private let regions: [Region]
    private let fill: FloatStorage
    /// Bytes of an element.
    private let width: Int
    /// The region of each chunk, and the chunk's number in it.
    private let parts: [(region: Int, chunk: Int)]

    init(_ regions: [Region], fill: FloatStorage, width: Int) {
        self.regions = regions
        self.fill = fill
        self.width = width
        parts = regions.indices.flatMap { index in
            (0..<regions[index].walk.chunks).map { (index, $0) }
        }
    }

    var chunks: Int { max(1, parts.count) }

    /// Whether all places lie inside of the inputs and the result.
    func fit(_ counts: [Int], result: Int) -> Bool {
        regions.allSatisfy { region in
            guard (0..<result).contains(region.reach.to.lowerBound),
                region.reach.to.upperBound < result
            else { return false }
            guard region.input >= 0 else { return true }
            return region.input < counts.count && region.reach.from.lowerBound >= 0
                && region.reach.from.upperBound < counts[region.input]
        }
    }

    func run(
        _ chunk: Int,
        from places: [Place],
        into output: BytePosition,
        _ arena: PassArena
    ) {
        guard chunk < parts.count else { return }
        let region = regions[parts[chunk].region]
        let walk = region.walk
        let isFilled = region.input < 0
        let start = isFilled ? fill.start : places[region.input].position(in: arena)
        let source = start.bytes + (isFilled ? 0 : region.from * width)
        let target = output + region.to * width
        walk.forEachRow(in: walk.rows(ofChunk: parts[chunk].chunk)) { _, first, second in
            (target + second * width).move(
                isFilled ? source : source + first * width,
                width: width,
                count: walk.length,
                steps: (isFilled ? 0 : walk.steps.first, walk.steps.second)
            )
        }
    }
}
