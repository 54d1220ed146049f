import Compute
import Graph

/// Sums, means and extremes along axes that lie side by side.
enum AxisReductions {
    static let operators: [any Operator.Type] = [
        ReduceMean.self, ReduceSum.self, ReduceMax.self, ReduceMin.self,
    ]
}

struct ReduceMean: ReducingOperator {
    static let name = "ReduceMean"
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }

    func reduce(_ values: ReducedRow) -> Float { Float(values.sum / Double(values.count)) }
}

struct ReduceSum: ReducingOperator {
    static let name = "ReduceSum"
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }

    func reduce(_ values: ReducedRow) -> Float { Float(values.sum) }
}

struct ReduceMax: ReducingOperator {
    static let name = "ReduceMax"
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }

    func reduce(_ values: ReducedRow) -> Float { values.extreme { $0 > $1 || $0 != $0 ? $0 : $1 } }
}

struct ReduceMin: ReducingOperator {
    static let name = "ReduceMin"
    let axes: ReducedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try ReducedAxes(&attributes)
    }

    func reduce(_ values: ReducedRow) -> Float { values.extreme { $0 < $1 || $0 != $0 ? $0 : $1 } }
}

/// Which axes go, by attributes: `axes` (all unless given) and `keepdims`.
struct ReducedAxes: Sendable {
    let axes: [Int]?
    let keeps: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try attributes.ints("axes")
        keeps = try attributes.flag("keepdims", default: true)
    }
}

/// The numbers that meet in one element of the result.
struct ReducedRow {
    let start: FloatPosition
    let stride: Int
    let count: Int

    /// In four partial sums of 64 bits, always the same ones.
    var sum: Double {
        var sums = SIMD4<Double>.zero
        var index = 0
        while index + 4 <= count {
            sums += SIMD4(
                Double(start[index * stride]),
                Double(start[(index + 1) * stride]),
                Double(start[(index + 2) * stride]),
                Double(start[(index + 3) * stride])
            )
            index += 4
        }
        var sum = sums.sum()
        while index < count {
            sum += Double(start[index * stride])
            index += 1
        }
        return sum
    }

    @inline(__always)
    func extreme(_ better: (Float, Float) -> Float) -> Float {
        var best = start[0]
        for index in 1..<max(count, 1) { best = better(best, start[index * stride]) }
        return best
    }
}

protocol ReducingOperator: Operator {
    var axes: ReducedAxes { get }
    func reduce(_ values: ReducedRow) -> Float
}

extension ReducingOperator {
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let shape = plan.shape(of: source)
        var gone = Set<Int>()
        for axis in axes.axes ?? Array(0..<shape.rank) {
            gone.insert(try normalised(axis, rank: shape.rank, node))
        }
        let (first, last) = (gone.min() ?? 0, gone.max() ?? -1)
        guard gone.count == last - first + 1, shape.count > 0 else {
            throw .shape(node: node.name, reason: "the axes \(gone.sorted()) do not lie together")
        }
        let sizes = shape.dimensions
        let result = Shape(
            sizes.indices.compactMap { gone.contains($0) ? axes.keeps ? 1 : nil : sizes[$0] }
        )
        let output = try plan.define(node.outputs[0], result, .dense)
        let outer = sizes[..<first].reduce(1, *)
        let count = sizes[first..<last + 1].reduce(1, *)
        let inner = sizes[(last + 1)...].reduce(1, *)
        let chunks = max(1, min(outer, shape.count / 16384))
        plan.step(node.name, chunks: chunks, reads: [source], writes: [output]) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (input, output) = (from.position(in: arena), to.position(in: arena))
                for row in outer * chunk / chunks..<outer * (chunk + 1) / chunks {
                    for column in 0..<inner {
                        let start = input + (row * count * inner + column)
                        output[row * inner + column] = reduce(
                            ReducedRow(start: start, stride: inner, count: count)
                        )
                    }
                }
            }
        }
    }
}
