import Engine
import Graph

extension Model {
    /// The arithmetic of the answers: "int8" where layers multiply small integers, else what was asked for, "fast" or "precise".
    static func numerics(_ asked: Numerics, _ graph: Graph) -> String {
        graph.computesWithIntegers ? "int8" : asked.rawValue
    }
}

extension Graph {
    private static let integerOperators: Set = [
        "ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul",
        "QuantizeLinear",
    ]

    /// Whether values of float32 are rounded to small integers on their way.
    fileprivate var computesWithIntegers: Bool {
        nodes.contains { Self.integerOperators.contains($0.op) }
            || constants.values.contains { $0.quantized?.roundsRows == true }
    }
}
