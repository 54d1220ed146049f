import Graph

/// A node that was computed by its definition, and why.
package struct Unplanned: Sendable {
    package let node: String
    package let op: String
    package let reason: String
    /// Of the last time.
    package let multiplyAdds: Int
}

/// What of a graph was computed by definition so far.
package struct DefinitionReport: Sendable {
    package private(set) var nodes: [Unplanned] = []
    /// Multiply–adds of one run by plans.
    package private(set) var planned = 0

    /// The share of all multiply–adds that definitions computed.
    package var share: Double {
        let slow = nodes.reduce(0) { $0 + $1.multiplyAdds }
        return slow == 0 ? 0 : Double(slow) / Double(slow + planned)
    }

    mutating func add(_ node: Unplanned) { nodes.append(node) }
    mutating func add(planned: Int) { self.planned += planned }

    mutating func add(_ other: DefinitionReport) {
        nodes += other.nodes
        planned += other.planned
    }
}

extension Operands {
    /// About as many multiply–adds as the node takes, one for each element of other results.
    func multiplyAdds(_ results: [Tensor]) -> Int {
        let elements = results.first?.count ?? 0
        let weights = tensors.count > 1 ? tensors[1]?.shape : nil
        let perElement: Int
        switch (node.op, weights) {
        case ("Conv", let weights?), ("ConvInteger", let weights?):
            perElement = weights.count / max(weights.dimensions.first ?? 1, 1)
        case ("QLinearConv", _):
            let weights = tensors.count > 3 ? tensors[3]?.shape : nil
            perElement = (weights?.count ?? 0) / max(weights?.dimensions.first ?? 1, 1)
        case ("MatMul", _), ("MatMulInteger", _), ("QLinearMatMul", _):
            perElement = tensors[0]?.shape.dimensions.last ?? 1
        case ("Gemm", let weights?):
            perElement = weights.count / max(results.first?.shape.dimensions.last ?? 1, 1)
        case ("RNN", let weights?), ("LSTM", let weights?), ("GRU", let weights?):
            let steps = tensors[0].map { $0.shape.dimensions.prefix(2).reduce(1, *) } ?? 1
            return (weights.count + (tensors[2]?.count ?? 0)) * steps
        default: perElement = 1
        }
        return elements.multipliedReportingOverflow(by: max(perElement, 1)).partialValue
    }
}

extension ModelError {
    /// The reason alone, where an error names the node too.
    var reason: String {
        switch self {
        case .shape(_, let reason): reason
        default: description
        }
    }
}
