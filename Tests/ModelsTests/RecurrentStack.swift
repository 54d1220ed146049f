import Compute
import Foundation
import NetworkSupport
import TestSupport

@testable import Graph
@testable import Models

/// A random stack of recurrent layers over symbols: as a model folder, and as loops in double precision.
struct RecurrentStack: CustomStringConvertible {
    struct Layer {
        let op: String
        let hidden: Int
        var direction = "forward"
        var linearBeforeReset = false
        var feedback = "output"
        var activation = "Tanh"
        /// Numbers of one step of its value.
        let width: Int
    }

    let symbols = 5
    let classes = 4
    private(set) var layers: [Layer] = []
    private(set) var returnsLast = false
    var weights: [String: Tensor] = [:]

    var description: String {
        layers.map { "\($0.op) \($0.hidden) \($0.direction) \($0.linearBeforeReset)" }
            .joined(separator: ", ")
    }

    /// One to three layers; with `backward` each may read in any direction.
    init(
        _ random: inout SeededGenerator,
        ops: [String] = ["RNN", "LSTM", "GRU", "Jordan"],
        backward: Bool = false,
        returnsLast: Bool = false
    ) {
        self.returnsLast = returnsLast
        var width = symbols
        for index in 0..<random.int(1...3) {
            let layer = Self.layer(&random, ops, backward)
            add(layer, index, inputs: width, &random)
            layers.append(layer)
            width = layer.width
        }
        weights["logits.weight"] = Self.tensor(&random, [classes, width])
        weights["logits.bias"] = Self.tensor(&random, [classes])
    }

    private static func layer(
        _ random: inout SeededGenerator,
        _ ops: [String],
        _ backward: Bool
    ) -> Layer {
        let op = ops[random.int(0...ops.count - 1)]
        let hidden = random.int(1...40)
        let isJordan = op == "Jordan"
        let directions =
            backward && !isJordan ? ["forward", "reverse", "bidirectional"] : ["forward"]
        let direction = directions[random.int(0...directions.count - 1)]
        let units = random.int(1...20)
        return Layer(
            op: op,
            hidden: hidden,
            direction: direction,
            linearBeforeReset: Bool.random(using: &random),
            feedback: Bool.random(using: &random) ? "softmax" : "output",
            activation: Bool.random(using: &random) ? "Saturating" : "Tanh",
            width: isJordan ? units : hidden * (direction == "bidirectional" ? 2 : 1)
        )
    }

    private mutating func add(
        _ layer: Layer,
        _ index: Int,
        inputs: Int,
        _ random: inout SeededGenerator
    ) {
        let (name, hidden) = ("layer\(index)", layer.hidden)
        if layer.op == "Jordan" {
            weights["\(name).W"] = Self.tensor(&random, [hidden, inputs])
            weights["\(name).R"] = Self.tensor(&random, [hidden, layer.width])
            weights["\(name).B"] = Self.tensor(&random, [hidden])
            weights["\(name).V"] = Self.tensor(&random, [layer.width, hidden])
            weights["\(name).C"] = Self.tensor(&random, [layer.width])
            return
        }
        let rows = Self.gates(layer.op) * hidden
        let directions = layer.direction == "bidirectional" ? 2 : 1
        weights["\(name).W"] = Self.tensor(&random, [directions, rows, inputs])
        weights["\(name).R"] = Self.tensor(&random, [directions, rows, hidden])
        weights["\(name).B"] = Self.tensor(&random, [directions, 2 * rows])
    }

    private static func gates(_ op: String) -> Int { ["LSTM": 4, "GRU": 3][op] ?? 1 }

    private static func tensor(_ random: inout SeededGenerator, _ shape: Shape) -> Tensor {
        // Small enough that feedback does not run away.
        let scale = 1 / Float(shape.dimensions.last ?? 1).squareRoot()
        return Tensor(shape: shape, floats: random.floats(shape.count, in: -scale...scale))
    }

    func model(
        task: String = "next-symbol",
        kernels: String? = nil,
        workers: Workers = Workers(count: 1)
    ) throws -> Model {
        let builder = try ModelFolderBuilder()
        var lines = [#"{"name": "onehot", "op": "OneHot"}"#]
        for (index, layer) in layers.enumerated() {
            lines.append(line(layer, index))
        }
        lines.append(
            #"{"name": "logits", "op": "Gemm"}, {"name": "probabilities", "op": "Softmax"}"#
        )
        try builder.write(
            """
            {"name": "stack", "task": "\(task)", "labels": "labels.txt",
             "input": {"name": "tokens", "vocabulary": "vocabulary.json"},
             "layers": [\(lines.joined(separator: ",\n"))],
             "outputs": ["probabilities"], "logits": "logits"}
            """,
            to: "model.json"
        )
        try builder.write(#"["a", "b", "c", "d", "e"]"#, to: "vocabulary.json")
        try builder.write("w\nx\ny\nz\n", to: "labels.txt")
        try builder.write(weights)
        return try Model(
            folder: builder.folder,
            kernels: KernelSet.select(kernels),
            workers: workers
        )
    }

    private func line(_ layer: Layer, _ index: Int) -> String {
        var fields = [
            "\"name\": \"layer\(index)\", \"op\": \"\(layer.op)\", \"hidden\": \(layer.hidden)"
        ]
        switch layer.op {
        case "Jordan":
            fields.append("\"units\": \(layer.width), \"feedback\": \"\(layer.feedback)\"")
        case "RNN": fields.append("\"activation\": \"\(layer.activation)\"")
        case "GRU": fields.append("\"linear_before_reset\": \(layer.linearBeforeReset ? 1 : 0)")
        default: break
        }
        if layer.op != "Jordan" {
            fields.append("\"direction\": \"\(layer.direction)\"")
            if returnsLast, index == layers.count - 1 { fields.append(#""returns": "last""#) }
        }
        return "{\(fields.joined(separator: ", "))}"
    }
}
