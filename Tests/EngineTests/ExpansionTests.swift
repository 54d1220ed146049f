import Compute
import NetworkSupport
import OnnxFormat
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models

/// Operators that are put in terms of others when a file is read.
@Suite struct ExpansionTests {
    private func graph(
        _ nodes: [Node],
        _ inputs: [String: [Int?]],
        outputs: [String],
        constants: [String: Tensor] = [:]
    ) -> Graph {
        var graph = Graph()
        graph.inputs = inputs.sorted { $0.key < $1.key }.map {
            Graph.Input(name: $0, type: .float32, dimensions: $1)
        }
        (graph.nodes, graph.outputs, graph.constants) = (nodes, outputs, constants)
        return graph
    }

    private func node(
        _ op: String,
        _ inputs: [String],
        _ outputs: [String],
        _ attributes: [String: Attribute] = [:]
    ) -> Node {
        var node = Node(name: outputs[0], op: op)
        (node.inputs, node.outputs, node.attributes) = (inputs, outputs, attributes)
        node.opset = 22
        return node
    }

    /// What expanding says.
    private func refusal(_ nodes: [Node], constants: [String: Tensor] = [:]) -> String {
        do {
            let graph = graph(
                nodes,
                ["x": [2, 3], "w": [3, 3]],
                outputs: ["y"],
                constants: constants
            )
            return "\(try Expansion.apply(to: graph).nodes.map(\.op))"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a graph without such operators stays as it is`() throws {
        let plain = graph([node("Relu", ["x"], ["y"])], ["x": [2]], outputs: ["y"])
        #expect(try Expansion.apply(to: plain) == plain)
    }

    @Test func `sizes that a file leaves out are asked for by name`() {
        let bytes = Tensor(shape: [0], elements: .uint8([]))
        let none = Tensor(shape: [0], floats: [])
        let weights = refusal(
            [node("com.microsoft.MatMulNBits", ["x", "b", "s"], ["y"])],
            constants: ["b": bytes, "s": none]
        )
        #expect(weights.contains("\"K\""), "\(weights)")
        for op in ["Attention", "MultiHeadAttention"] {
            let said = refusal([node("com.microsoft.\(op)", ["x", "w", "w"], ["y"])])
            #expect(said.contains("\"num_heads\""), "\(said)")
        }
    }

    @Test func `a fused convolution is a convolution and its function`() throws {
        let fused = node(
            "com.microsoft.FusedConv",
            ["x", "w", "b", "z"],
            ["y"],
            [
                "activation": .string("LeakyRelu"), "activation_params": .floats([0.25]),
                "strides": .ints([2, 2]),
            ]
        )
        let made = try Expansion.apply(
            to: graph([fused], ["x": [1, 1, 4, 4]], outputs: ["y"])
        )
        #expect(made.nodes.map(\.op) == ["Conv", "Add", "LeakyRelu"])
        #expect(made.nodes[0].attributes == ["strides": .ints([2, 2])])
        #expect(made.nodes[2].attributes == ["alpha": .float(0.25)])
        #expect(made.nodes[2].outputs == ["y"] && made.nodes[2].name == "y")
    }

    @Test func `values that are made have names of their own, in graphs inside of nodes too`()
        throws
    {
        var inner = Graph()
        inner.nodes = [
            node("com.microsoft.BiasGelu", ["x", "w"], ["y"]),
            node("Relu", ["y"], ["y/Add"]),
        ]
        inner.outputs = ["y/Add"]
        let branch = node("If", ["c"], ["o"], ["then_branch": .graph(inner)])
        let made = try Expansion.apply(
            to: graph(
                [branch, node("com.microsoft.BiasGelu", ["o", "w"], ["y2"])],
                ["c": []],
                outputs: ["y2"]
            )
        )
        guard case .graph(let changed)? = made.nodes[0].attributes["then_branch"] else {
            Issue.record("the branch is gone")
            return
        }
        let names = changed.nodes.flatMap(\.outputs) + made.nodes.flatMap(\.outputs)
        #expect(Set(names).count == names.count, "\(names)")
        #expect(changed.nodes.map(\.op) == ["Add", "Gelu", "Relu"])
    }

    @Test func `what is written wrongly or not known is refused by name`() {
        let wrong: [(Node, String)] = [
            (node("com.microsoft.FusedConv", ["x"], ["y"]), "does not take 1 inputs"),
            (node("com.microsoft.BiasGelu", ["", "w"], ["y"]), "input 1 of"),
            (node("com.microsoft.Gelu", ["x"], ["y"], ["alpha": .int(1)]), "alpha"),
            (
                node("com.microsoft.FusedMatMul", ["x", "w"], ["y"], ["transBatchA": .int(1)]),
                "transBatchA"
            ),
            (
                node("com.microsoft.FusedConv", ["x", "w"], ["y"], ["activation": .string("?")]),
                "activation"
            ),
            (node("SequenceAt", ["x", "w"], ["y"]), "SequenceAt of unknown elements"),
            (node("Attention", ["x", "x", "x"], ["y"]), "number of heads"),
        ]
        for (node, sentence) in wrong {
            let said = refusal([node])
            #expect(said.contains(sentence), "\(said)")
        }
    }

    @Test func `a list that is built node by node is its elements`() throws {
        let place = Tensor(shape: [], integers: [-1])
        let nodes = [
            node("SequenceEmpty", [], ["s0"]),
            node("SequenceInsert", ["s0", "x"], ["s1"]),
            node("Neg", ["x"], ["n"]),
            node("SequenceInsert", ["s1", "n"], ["s2"]),
            node("SequenceInsert", ["s2", "x", "last"], ["s4"]),
            node("SequenceAt", ["s4", "last"], ["z"]),
            node("SequenceAt", ["s2", "last"], ["e"]),
            node("SequenceConstruct", ["e", "x"], ["s3"]),
            node("ConcatFromSequence", ["s3"], ["y"], ["axis": .int(0)]),
            node("SequenceLength", ["s2"], ["k"]),
        ]
        let made = try Expansion.apply(
            to: graph(nodes, ["x": [2]], outputs: ["y", "k"], constants: ["last": place])
        )
        #expect(made.nodes.map(\.op) == ["Neg"] + ["Identity", "Identity", "Concat", "Identity"])
        // One is put before the last, which stays the last.
        #expect(made.nodes[1].inputs == ["n"] && made.nodes[2].inputs == ["n"])
        #expect(made.constants[made.nodes[4].inputs[0]]?.integers == [2])
    }

    @Test func `parts of a value are cut where they are asked for`() throws {
        let nodes = [
            node("SplitToSequence", ["x"], ["s"], ["axis": .int(1), "keepdims": .int(0)]),
            node("SequenceAt", ["s", "one"], ["a"]),
            node("SplitToSequence", ["x", "two"], ["t"], ["axis": .int(1)]),
            node("SequenceAt", ["t", "one"], ["b"]),
            node("SplitToSequence", ["x", "unit"], ["u"], ["axis": .int(1), "keepdims": .int(0)]),
            node("SequenceAt", ["u", "one"], ["d"]),
            node("SequenceLength", ["t"], ["k"]),
        ]
        let constants = [
            "one": Tensor(shape: [], integers: [1]), "two": Tensor(shape: [], integers: [2]),
            "unit": Tensor(shape: [], integers: [1]),
        ]
        let outputs = ["a", "b", "k", "d"]
        let made = try Expansion.apply(
            to: graph(nodes, ["x": [2, 5]], outputs: outputs, constants: constants)
        )
        let program = try Program(made, tools: tools)
        let x = Tensor(shape: [2, 5], floats: (0..<10).map { Float($0) })
        let answers = try program.run(["x": x], outputs: outputs) { false }
        // A slice, whether or not its size is written.
        #expect(answers[3] == answers[0])
        #expect(answers[0] == Tensor(shape: [2], floats: [1, 6]))
        #expect(answers[1] == Tensor(shape: [2, 2], floats: [2, 3, 7, 8]))
        #expect(answers[2] == Tensor(shape: [], integers: [3]))
    }

    @Test func `a list as a whole leaves no node`() {
        let whole = refusal([node("SequenceConstruct", ["x"], ["s"]), node("Relu", ["s"], ["y"])])
        #expect(whole.contains("Relu of a sequence"), "\(whole)")
    }

    private var tools: ProgramTools {
        ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 1),
            memoryLimit: 1 << 28
        )
    }

    private static let planned: [(String, [String: [Int]], [String: Attribute])] = [
        ("Attention", ["a": [2, 4, 6], "b": [2, 5, 6], "c": [2, 5, 6]], heads),
        ("com.microsoft.FusedMatMul", ["a": [2, 3, 4], "b": [2, 5, 4]], ["transB": .int(1)]),
        (
            "com.microsoft.SkipLayerNormalization", ["a": [2, 3, 8], "b": [2, 3, 8], "c": [8]], [:]
        ),
        ("com.microsoft.FastGelu", ["a": [3, 8], "b": [8]], [:]),
        (
            "com.microsoft.MultiHeadAttention",
            ["a": [1, 3, 8], "b": [1, 3, 8], "c": [1, 3, 8]], ms
        ),
    ]
    private static let heads: [String: Attribute] = [
        "q_num_heads": .int(2), "kv_num_heads": .int(2), "is_causal": .int(1),
    ]
    private static let ms: [String: Attribute] = ["num_heads": .int(2)]

    @Test("one plan computes it", arguments: planned.indices)
    func isPlanned(_ index: Int) throws {
        let (op, shapes, attributes) = Self.planned[index]
        let made = try Expansion.apply(
            to: graph(
                [node(op, shapes.keys.sorted(), ["y"], attributes)],
                shapes.mapValues { $0.map { $0 } },
                outputs: ["y"]
            )
        )
        var random = SeededGenerator(seed: UInt64(index))
        let inputs = shapes.sorted { $0.key < $1.key }.map { name, sizes in
            let shape = Shape(sizes)
            return (name, Tensor(shape: shape, floats: random.floats(shape.count)))
        }
        let values = Dictionary(uniqueKeysWithValues: inputs)
        let program = try Program(made, tools: tools)
        #expect(program.wholePlan(like: values, outputs: ["y"]) != nil, "\(op)")
    }

    @Test func `heads may be named for values of four axes too, whose number no file says`() throws
    {
        let shape = Shape([2, 2, 4, 3])
        var random = SeededGenerator(seed: 4)
        let values = random.floats(shape.count)
        let named: [String: Attribute] = ["q_num_heads": .int(2), "kv_num_heads": .int(2)]
        let hidden = try Expansion.apply(
            to: graph(
                [node("Neg", ["x"], ["n"]), node("Attention", ["n", "n", "n"], ["y"], named)],
                ["x": [nil, nil, nil, nil]],
                outputs: ["y"]
            )
        )
        let known = try Expansion.apply(
            to: graph(
                [node("Attention", ["x", "x", "x"], ["y"])],
                ["x": [nil, 2, nil, nil]],
                outputs: ["y"]
            )
        )
        let x = Tensor(shape: shape, floats: values)
        let negated = Tensor(shape: shape, floats: values.map { -$0 })
        let one = try Program(hidden, tools: tools)
            .run(["x": x], outputs: ["y"]) { false }[0]
        let other = try Program(known, tools: tools)
            .run(["x": negated], outputs: ["y"]) { false }[0]
        #expect(one.shape == other.shape)
        for (a, b) in zip(try #require(one.floats), try #require(other.floats)) {
            #expect(abs(a - b) < 1e-5)
        }
    }
}
