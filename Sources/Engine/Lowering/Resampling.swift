import Compute
import Graph

/// Which elements of an axis make up each of its new ones, as many for each.
struct AxisResampling {
    /// Elements of the longest axis whose places are listed.
    static let longest = 1 << 16

    let axis: Int
    let outputs: Int
    var places: [Int] = []
    var weights: [Double] = []

    /// Axes that shrink from the first, then those that grow from the last, so that the least is computed.
    fileprivate static func ordered(_ changes: [Self], from shape: Shape) -> [Self] {
        let shrinking = changes.filter { $0.outputs < shape[$0.axis] }
        let growing = changes.filter { $0.outputs >= shape[$0.axis] }
        return shrinking.sorted { $0.axis < $1.axis } + growing.sorted { $0.axis > $1.axis }
    }
}

/// Every element along some axes a weighted sum of others, axis by axis: what linear and cubic resizing come to.
func lowerResampling(
    _ node: Node,
    _ changes: [AxisResampling],
    into plan: inout PlanBuilder
) throws(ModelError) {
    var value = try plan.value(plan.input(node, 0), as: .dense)
    guard !changes.isEmpty else {
        _ = try plan.alias(node.outputs[0], of: value, shape: plan.shape(of: value))
        return
    }
    let ordered = AxisResampling.ordered(changes, from: plan.shape(of: value))
    for (index, change) in ordered.enumerated() {
        let length = plan.shape(of: value)[change.axis]
        guard !change.weights.isEmpty, length <= Int(Int32.max),
            change.places.allSatisfy({ $0 >= 0 && $0 < length })
        else {
            throw .shape(node: node.name, reason: "places lie outside of axis \(change.axis)")
        }
        let taps = AxisTaps(
            axis: change.axis,
            outputs: change.outputs,
            places: change.places,
            weights: change.weights.map { Float($0) }
        )
        let isLast = index == ordered.count - 1
        let name = isLast ? node.outputs[0] : "\(node.outputs[0])/\(change.axis)"
        value = try taps.lower(node.name, value, to: name, into: &plan)
    }
}

/// How the elements of one axis are made of others.
private struct AxisTaps {
    let axis: Int
    let outputs: Int
    /// [outputs][taps], as the weights.
    let places: [Int]
    let weights: [Float]

    private var taps: Int { places.count / outputs }

    /// Whether elements are only copied.
    private var picks: Bool { taps == 1 && weights.allSatisfy { $0 == 1 } }

    func lower(
        _ node: String,
        _ source: ValueID,
        to name: String,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        var sizes = plan.shape(of: source).dimensions
        let (length, inner) = (sizes[axis], sizes[(axis + 1)...].reduce(1, *))
        sizes[axis] = outputs
        let output = try plan.define(name, Shape(sizes), .dense)
        let rows = sizes[...axis].reduce(1, *)
        let chunks = max(1, min(rows, rows * inner / 16384))
        let line = line(inner, plan.kernels)
        let outputs = outputs
        plan.step(node, chunks: chunks, reads: [source], writes: [output], isExact: true) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (input, output) = (from.position(in: arena), to.position(in: arena))
                let end = rows * (chunk + 1) / chunks
                var row = rows * chunk / chunks
                while row < end {
                    let (outer, place) = row.quotientAndRemainder(dividingBy: outputs)
                    let part = place..<min(outputs, place + end - row)
                    line(input + outer * length * inner, part, output + row * inner)
                    row += part.count
                }
            }
        }
        return output
    }

    /// What computes some of the axis' outputs, each of `inner` numbers.
    private typealias Line =
        @Sendable (
            _ input: FloatPosition, _ part: Range<Int>, _ output: FloatPosition
        ) -> Void

    private func line(_ inner: Int, _ kernels: KernelSet) -> Line {
        if picks { return pickedLine(inner, kernels) }
        return inner == 1 ? sampledLine(kernels) : weighedLine(inner, kernels)
    }

    private func pickedLine(_ inner: Int, _ kernels: KernelSet) -> Line {
        if inner > 1 {
            return { [places] input, part, output in
                for (index, place) in part.enumerated() {
                    (output + index * inner).copy(from: input + places[place] * inner, count: inner)
                }
            }
        }
        let list = FloatStorage(.int32(places.map { Int32($0) }))
        return { input, part, output in
            let places = list.start.bytes + part.lowerBound * 4
            kernels.pickLine(input, places: places, into: output, count: part.count)
        }
    }

    private func sampledLine(_ kernels: KernelSet) -> Line {
        let (taps, outputs) = (taps, outputs)
        var (list, factors): ([Int32], [Float]) = ([], [])
        for tap in 0..<taps {
            for output in 0..<outputs {
                list.append(Int32(places[output * taps + tap]))
                factors.append(weights[output * taps + tap])
            }
        }
        let (stored, numbers) = (FloatStorage(.int32(list)), FloatStorage(factors))
        return { input, part, output in
            kernels.sampleLine(
                input,
                places: stored.start.bytes + part.lowerBound * 4,
                weights: numbers.start + part.lowerBound,
                taps: taps,
                stride: outputs,
                into: output,
                count: part.count
            )
        }
    }

    private func weighedLine(_ inner: Int, _ kernels: KernelSet) -> Line {
        let taps = taps
        let offsets = FloatStorage(.integers(places.map { $0 * inner }))
        let numbers = FloatStorage(weights)
        return { input, part, output in
            for (index, place) in part.enumerated() {
                kernels.weighLines(
                    input,
                    offsets: offsets.start.bytes + place * taps * 8,
                    weights: numbers.start + place * taps,
                    taps: taps,
                    into: output + index * inner,
                    count: inner
                )
            }
        }
    }
}
