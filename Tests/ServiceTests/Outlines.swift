import Graph
import Models

@testable import Diagrams
@testable import Service

/// Networks of every kind a diagram is drawn of, without their weights.
enum Outlines {
    /// A network over symbols: one-hot, then these layers, product and softmax.
    static func sequence(
        _ name: String,
        _ cells: [(op: String, fields: [String: Attribute])],
        task: String = "next-symbol",
        hasOutput: Bool = true
    ) -> NetworkOutline {
        var layers = [layer("onehot", "OneHot", after: "tokens", units: 63)]
        for (index, cell) in cells.enumerated() {
            let last = layers[layers.count - 1].name
            var added = layer("hidden\(index + 1)", cell.op, after: last, units: 64)
            added.fields = cell.fields
            added.fields["hidden"] = .int(64)
            added.parameters = 12_345
            layers.append(added)
        }
        if hasOutput {
            layers.append(layer("logits", "Gemm", after: layers[layers.count - 1].name, units: 63))
            layers.append(layer("probabilities", "Softmax", after: "logits", units: 63))
        }
        return NetworkOutline(
            name: name,
            task: task,
            inputName: "tokens",
            input: ["vocabulary": .string("vocabulary.json")],
            layers: layers
        )
    }

    static func layer(
        _ name: String,
        _ op: String,
        after input: String,
        units: Int
    ) -> NetworkOutline.Layer {
        NetworkOutline.Layer(name: name, op: op, inputs: [input], shape: [1, 1, units])
    }

    static func jordan(_ feedback: String) -> NetworkOutline {
        var output = layer("output", "Jordan", after: "onehot", units: 63)
        output.fields = ["hidden": .int(1024), "units": .int(63), "feedback": .string(feedback)]
        return NetworkOutline(
            name: "jordan-\(feedback)",
            task: "next-symbol",
            inputName: "tokens",
            input: ["vocabulary": .string("vocabulary.json")],
            layers: [
                layer("onehot", "OneHot", after: "tokens", units: 63), output,
                layer("probabilities", "Softmax", after: "output", units: 63),
            ]
        )
    }

    static let autonomous = NetworkOutline(
        name: "orbit",
        task: "dynamical-system",
        inputName: "clock",
        input: ["steps": .int(1)],
        layers: [
            layer("onehot", "OneHot", after: "clock", units: 1),
            layer("state", "RNN", after: "onehot", units: 2),
        ]
    )

    static let tree = NetworkOutline(
        name: "listops",
        task: "tree-classification",
        inputName: "tokens",
        input: ["vocabulary": .string("vocabulary.json")],
        layers: [
            layer("embedded", "Gather", after: "tokens", units: 64),
            layer("mixed", "Gemm", after: "children", units: 64),
            layer("composed", "Tanh", after: "mixed", units: 64),
            layer("logits", "Gemm", after: "node", units: 10),
            layer("probabilities", "Softmax", after: "logits", units: 10),
        ],
        tree: NetworkOutline.Tree(
            leaf: "embedded",
            children: "children",
            composed: "composed",
            node: "node"
        )
    )

    static let series = NetworkOutline(
        name: "series",
        task: "series-classification",
        inputName: "series",
        input: ["channels": .int(12), "length": .int(29), "series": .int(1)],
        layers: [
            NetworkOutline.Layer(
                name: "conv1",
                op: "Conv",
                inputs: ["series"],
                fields: ["kernel": .ints([5]), "padding": .string("same")],
                shape: [1, 32, 29],
                parameters: 1952,
                multiplyAdds: 55_680
            ),
            NetworkOutline.Layer(name: "relu1", op: "Relu", inputs: ["conv1"], shape: [1, 32, 29]),
            NetworkOutline.Layer(
                name: "pool",
                op: "GlobalAveragePool",
                inputs: ["relu1"],
                shape: [1, 32, 1]
            ),
            NetworkOutline.Layer(name: "flat", op: "Flatten", inputs: ["pool"], shape: [1, 32]),
            NetworkOutline.Layer(name: "logits", op: "Gemm", inputs: ["flat"], shape: [1, 9]),
        ]
    )

    /// Two blocks with an edge past each, one of them inside an edge past both.
    static let residual = NetworkOutline(
        name: "residual",
        task: "image-features",
        inputName: "image",
        input: ["channels": .int(3), "height": .int(32), "width": .int(32)],
        layers: [
            map("conv1", "Conv", ["image"]), map("conv2", "Conv", ["conv1"]),
            map("relu2", "Relu", ["conv2"]), map("conv3", "Conv", ["relu2"]),
            map("sum3", "Add", ["conv3", "conv2"]), map("conv4", "Conv", ["sum3"]),
            map("sum4", "Add", ["conv4", "conv1"]),
        ]
    )

    static func map(_ name: String, _ op: String, _ inputs: [String]) -> NetworkOutline.Layer {
        NetworkOutline.Layer(
            name: name,
            op: op,
            inputs: inputs,
            fields: op == "Conv" ? ["kernel": .ints([3, 3]), "padding": .string("same")] : [:],
            shape: [1, 16, 32, 32]
        )
    }

    /// A chain of convolutions, each of other channels.
    static func deep(_ count: Int) -> NetworkOutline {
        NetworkOutline(
            name: "deep",
            task: "image-features",
            inputName: "image",
            layers: (1...count).map { number in
                var layer = map("c\(number)", "Conv", [number == 1 ? "image" : "c\(number - 1)"])
                layer.shape[1] = number
                return layer
            }
        )
    }

    /// Residual blocks as of ResNet-50: in each stage the first one has a convolution on its shortcut, the others are alike.
    static let stages: NetworkOutline = {
        var layers = [map("stem", "Conv", ["image"])]
        var last = "stem"
        for (stage, blocks) in [3, 4, 6, 3].enumerated() {
            for block in 1...blocks {
                let name = "s\(stage).\(block)"
                var added = [
                    map("\(name).a", "Conv", [last]), map("\(name).r", "Relu", ["\(name).a"]),
                    map("\(name).b", "Conv", ["\(name).r"]),
                ]
                if block == 1 { added.append(map("\(name).d", "Conv", [last])) }
                let shortcut = block == 1 ? "\(name).d" : last
                added.append(map("\(name).sum", "Add", ["\(name).b", shortcut]))
                added.append(map("\(name)", "Relu", ["\(name).sum"]))
                for index in added.indices { added[index].shape = [1, 16 << stage, 32, 32] }
                layers += added
                last = name
            }
        }
        return NetworkOutline(
            name: "stages",
            task: "image-features",
            inputName: "image",
            layers: layers
        )
    }()

    /// More recurrent layers than are drawn step by step.
    static let manyCells = sequence("many", Array(repeating: ("RNN", [:]), count: 300))

    private static let bidirectional: [String: Attribute] = [
        "direction": .string("bidirectional")
    ]
    private static let last: [String: Attribute] = [
        "direction": .string("bidirectional"), "returns": .string("last"),
    ]

    static let sequences: [NetworkOutline] = [
        sequence("elman", [("RNN", [:])]), jordan("output"), jordan("softmax"), autonomous,
        sequence("driven", [("RNN", [:])], hasOutput: false),
        sequence("lstm", [("LSTM", [:])]), sequence("gru", [("GRU", [:])]),
        sequence("stacked", [("RNN", [:]), ("LSTM", [:])]),
        sequence("both", [("RNN", bidirectional)]),
        sequence("language", [("GRU", bidirectional), ("GRU", last)], task: classes),
        sequence("both-lstm", [("LSTM", bidirectional)], hasOutput: false),
        sequence("backward", [("RNN", ["direction": .string("reverse")])]),
        sequence(
            "backward-last",
            [("RNN", ["direction": .string("reverse"), "returns": .string("last")])],
            task: classes
        ),
        sequence("brackets", [("RNN", ["activation": .string("Saturating")])], task: classes),
    ]

    private static let classes = "sequence-classification"

    /// Symbols embedded, read, normalised, and added to what was embedded.
    static let skipping = NetworkOutline(
        name: "skipping",
        task: "next-symbol",
        inputName: "tokens",
        input: ["vocabulary": .string("vocabulary.json")],
        layers: [
            layer("embedded", "Gather", after: "tokens", units: 64),
            layer("first", "Gemm", after: "embedded", units: 64),
            layer("bent", "Relu", after: "first", units: 64),
            layer("hidden", "RNN", after: "bent", units: 64),
            layer("lower", "Attention", after: "hidden", units: 64),
            NetworkOutline.Layer(name: "sum", op: "Add", inputs: ["lower", "embedded"]),
            layer("logits", "Gemm", after: "sum", units: 63),
            layer("probabilities", "LogSoftmax", after: "logits", units: 63),
        ]
    )

    static let all =
        sequences + [skipping, tree, series, residual, stages, deep(3), deep(500), manyCells]
}
