import Compute
import Graph

/// Operators of plans that ONNX does not have, for what imported graphs say in other words.
enum Imported {
    static let operators: [any Operator.Type] = [Move.self, Resample.self]
}

/// Regions of one or more inputs copied by strides, or filled with a number.
///
/// `shapes` holds each output's rank and sizes. `pieces` holds for each region: input (−1 fills), output, rank, sizes,
/// first place and strides in the input, first place and strides in the output.
struct Move: Operator {
    static let name = "striate.Move"
    /// One number of the inputs' type; 0 if there is none.
    private let fill: Tensor?
    private let shapes: [Int]
    private let pieces: [Int]

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        fill = try attributes.tensor("fill")
        shapes = try attributes.ints("shapes", in: AttributeReader.any) ?? []
        pieces = try attributes.ints("pieces", in: AttributeReader.any) ?? []
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        var inputs: [ValueID] = []
        for index in node.inputs.indices {
            inputs.append(try plan.typed(node, index))
        }
        let type = inputs.first.map { plan[$0].type } ?? .float32
        guard inputs.allSatisfy({ plan[$0].type == type }), fill.map({ $0.type == type }) ?? true
        else { throw .shape(node: node.name, reason: "what is moved differs in type") }
        let filler = FloatStorage(fill?.elements ?? .zeros(1, type))
        let counts = inputs.map { plan.shape(of: $0).count }
        var list = IntegerList(shapes)
        var regions: [Int: [Region]] = [:]
        var rest = IntegerList(pieces)
        while let (output, region) = rest.region() { regions[output, default: []].append(region) }
        for (index, name) in node.outputs.enumerated() {
            guard let sizes = list.next().flatMap({ list.next($0) }) else { break }
            guard !name.isEmpty else { continue }
            let output = try plan.define(name, Shape(sizes), .dense, type: type)
            let copies = Copies(regions[index] ?? [], fill: filler, width: plan[output].width)
            guard copies.fit(counts, result: Shape(sizes).count) else {
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
                    copies.run(chunk, from, to.position(in: arena).bytes, arena)
                }
            }
        }
    }
}

/// A list of integers that is read from the front.
private struct IntegerList {
    private var rest: ArraySlice<Int>

    init(_ values: [Int]) {
        rest = values[...]
    }

    mutating func next() -> Int? { rest.popFirst() }

    mutating func next(_ count: Int) -> [Int]? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest.removeFirst(count) }
        return Array(rest.prefix(count))
    }

    /// A region, and the output it is of.
    mutating func region() -> (output: Int, region: Region)? {
        guard let input = next(), let output = next(), let rank = next(), let sizes = next(rank),
            let from = next(), let fromStrides = next(rank), let to = next(),
            let toStrides = next(rank)
        else { return nil }
        return (
            output,
            Region(
                input: input,
                from: from,
                to: to,
                walk: StrideWalk(sizes, fromStrides, toStrides),
                reach: (Self.reach(from, sizes, fromStrides), Self.reach(to, sizes, toStrides))
            )
        )
    }

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

private struct Region: Sendable {
    let input: Int
    let from: Int
    let to: Int
    let walk: StrideWalk
    let reach: (from: ClosedRange<Int>, to: ClosedRange<Int>)
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

    func run(_ chunk: Int, _ places: [Place], _ output: BytePosition, _ arena: PassArena) {
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
