import Compute

/// Operators of plans that ONNX does not have, for what imported graphs say in other words.
enum Imported {
    static let operators: [any Operator.Type] = [Rearrange.self, Resample.self]
}

/// Elements of one or more inputs in another order, some of them repeated, left out or replaced by a number.
///
/// Inputs: `sources` tensors, then for every output a constant of its shape that says where each element comes from:
/// places count on from one input to the next; −1 is `fill`.
struct Rearrange: Operator {
    static let name = "striate.Rearrange"
    private let sources: Int
    private let fill: Float

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        sources = try attributes.int("sources", default: 1)
        fill = try attributes.float("fill", default: 0)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        var inputs: [ValueID] = []
        for index in 0..<sources {
            inputs.append(try plan.value(plan.input(node, index), as: .dense))
        }
        let counts = inputs.map { plan.shape(of: $0).count }
        for (index, name) in node.outputs.enumerated() where !name.isEmpty {
            guard let places = plan.constant(node, sources + index), let list = places.integers,
                let parts = PlaceList(list, counts: counts)
            else { throw .shape(node: node.name, reason: "places lie outside of the inputs") }
            let output = try plan.define(name, places.shape, .dense)
            let (fill, inputs) = (fill, inputs)
            plan.step(node.name, chunks: parts.chunks, reads: inputs, writes: [output]) {
                placement in
                let (from, to) = (inputs.map { placement[$0] }, placement[output])
                return { arena, chunk in
                    let result = to.position(in: arena)
                    if case .single(let places) = parts {
                        let source = from[0].position(in: arena)
                        for index in parts.range(ofChunk: chunk, of: places.count) {
                            let place = Int(places[index])
                            result[index] = place < 0 ? fill : source[place]
                        }
                    } else if case .runs(let runs) = parts {
                        for run in runs[parts.range(ofChunk: chunk, of: runs.count)] {
                            if run.input < 0 {
                                (result + run.to).fill(fill, count: run.count)
                            } else {
                                (result + run.to).copy(
                                    from: from[run.input].position(in: arena) + run.from,
                                    count: run.count
                                )
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where elements come from: as stretches that lie together, or one by one where there are hardly any.
private enum PlaceList: Sendable {
    struct Run: Sendable {
        /// −1 for the number that fills.
        let input: Int
        let from: Int
        let to: Int
        var count: Int
    }

    case runs([Run])
    case single([Int32])

    /// nil if a place is not one of the inputs' elements.
    init?(_ places: [Int], counts: [Int]) {
        var runs: [Run] = []
        for (index, place) in places.enumerated() {
            if let last = runs.last, last.input < 0 ? place < 0 : place == last.from + last.count {
                runs[runs.count - 1].count += 1
            } else {
                runs.append(Run(input: place < 0 ? -1 : 0, from: place, to: index, count: 1))
            }
        }
        let total = counts.reduce(0, +)
        guard runs.allSatisfy({ $0.input < 0 || $0.from + $0.count <= total }) else { return nil }
        if counts.count == 1, runs.count * 4 > places.count, total < Int(Int32.max) {
            self = .single(places.map { Int32($0) })
        } else {
            self = .runs(runs.flatMap { Self.split($0, counts) })
        }
    }

    /// A stretch of places that count on over several inputs, input by input.
    private static func split(_ run: Run, _ counts: [Int]) -> [Run] {
        guard run.input >= 0 else { return [run] }
        var (parts, start): ([Run], Int) = ([], 0)
        for (input, count) in counts.enumerated() {
            let (low, high) = (max(run.from, start), min(run.from + run.count, start + count))
            if low < high {
                let to = run.to + low - run.from
                parts.append(Run(input: input, from: low - start, to: to, count: high - low))
            }
            start += count
        }
        return parts
    }

    /// Independent pieces, cut by the numbers of elements alone.
    var chunks: Int {
        switch self {
        case .runs(let runs): max(1, min(runs.count, runs.reduce(0) { $0 + $1.count } / 16384))
        case .single(let places): max(1, places.count / 16384)
        }
    }

    func range(ofChunk chunk: Int, of count: Int) -> Range<Int> {
        count * chunk / chunks..<count * (chunk + 1) / chunks
    }
}
