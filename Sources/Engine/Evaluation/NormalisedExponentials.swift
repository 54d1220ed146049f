import Foundation
import Graph

extension Evaluators {
    static let softmaxes: [String: EvaluatedOperator] = [
        "Softmax": .init(Exponentials.self, takes: 1...1, gives: 1...1),
        "LogSoftmax": .init(Exponentials.self, takes: 1...1, gives: 1...1),
        "Hardmax": .init(Exponentials.self, takes: 1...1, gives: 1...1),
    ]
}

/// Softmax, LogSoftmax and Hardmax: along one axis since opset 13, over all axes from it on before.
private struct Exponentials: Evaluated {
    private let axis: Int
    private let flattens: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        flattens = attributes.opset < 13
        axis = try attributes.int("axis", default: flattens ? 1 : -1)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let values = try operands.floats(0)
        let rank = input.shape.rank
        let axis = flattens && axis == rank ? rank : try operands.axis(axis, rank: rank)
        let axes = flattens ? Set(axis..<rank) : [axis]
        var result = values
        for places in ReductionWalk(input.shape, axes: axes).places {
            let group = normalise(places.map { values[$0] }, operands.node.op)
            for (index, place) in places.enumerated() { result[place] = group[index] }
        }
        return [try operands.result(input.shape.dimensions, result, input.type)]
    }

    private func normalise(_ values: [Double], _ op: String) -> [Double] {
        guard let largest = values.max() else { return [] }
        if op == "Hardmax" {
            let best = values.firstIndex(of: largest)
            return values.indices.map { $0 == best ? 1 : 0 }
        }
        let exponentials = values.map { exp($0 - largest) }
        let sum = exponentials.reduce(0, +)
        guard op == "LogSoftmax" else { return exponentials.map { $0 / sum } }
        return values.map { $0 - largest - log(sum) }
    }
}
