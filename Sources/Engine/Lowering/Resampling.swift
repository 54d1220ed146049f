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
    for (index, change) in changes.enumerated() {
        let length = plan.shape(of: value)[change.axis]
        guard !change.weights.isEmpty, change.places.allSatisfy({ $0 >= 0 && $0 < length }) else {
            throw .shape(node: node.name, reason: "places lie outside of axis \(change.axis)")
        }
        let taps = AxisTaps(
            axis: change.axis,
            outputs: change.outputs,
            places: change.places,
            weights: change.weights.map { Float($0) }
        )
        let isLast = index == changes.count - 1
        let name = isLast ? node.outputs[0] : "\(node.outputs[0])/\(change.axis)"
        value = try taps.lower(node.name, value, to: name, into: &plan)
    }
}

private struct AxisTaps {
    let axis: Int
    let outputs: Int
    let places: [Int]
    let weights: [Float]

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
        plan.step(node, chunks: chunks, reads: [source], writes: [output]) { [self] placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (input, output) = (from.position(in: arena), to.position(in: arena))
                let end = rows * (chunk + 1) / chunks
                var row = rows * chunk / chunks
                while row < end {
                    let (outer, place) = row.quotientAndRemainder(dividingBy: outputs)
                    let part = place..<min(outputs, place + end - row)
                    let source = input + outer * length * inner
                    if inner == 1 {
                        sumLine(source, at: part, into: output + row)
                    } else {
                        for place in part {
                            let target = output + (outer * outputs + place) * inner
                            sum(source, at: place, into: target, inner)
                        }
                    }
                    row += part.count
                }
            }
        }
        return output
    }

    /// Outputs of the innermost axis.
    private func sumLine(_ input: FloatPosition, at part: Range<Int>, into output: FloatPosition) {
        let taps = places.count / outputs
        for (index, place) in part.enumerated() {
            let first = place * taps
            var sum = input[places[first]]
            if taps > 1 || weights[first] != 1 { sum *= weights[first] }
            for tap in first + 1..<first + taps { sum += weights[tap] * input[places[tap]] }
            output[index] = sum
        }
    }

    /// One output of the axis: `inner` numbers.
    private func sum(
        _ input: FloatPosition,
        at place: Int,
        into output: FloatPosition,
        _ inner: Int
    ) {
        let taps = places.count / outputs
        if taps == 1, weights[place] == 1 {
            return output.copy(from: input + places[place] * inner, count: inner)
        }
        for tap in place * taps..<(place + 1) * taps {
            let (source, weight) = (input + places[tap] * inner, weights[tap])
            if tap == place * taps {
                for index in 0..<inner { output[index] = weight * source[index] }
            } else {
                for index in 0..<inner { output[index] += weight * source[index] }
            }
        }
    }
}
