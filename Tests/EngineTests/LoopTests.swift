import Compute
import Foundation
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Loop and Scan whose bodies are plans that run over and over in one place.
@Suite struct LoopTests {
    private static func tools(_ workers: Int = 2) -> ProgramTools {
        ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: workers, minimumWork: 0),
            memoryLimit: 1 << 28
        )
    }

    static func node(
        _ op: String,
        _ inputs: [String],
        _ outputs: [String],
        _ attributes: [String: Attribute] = [:]
    ) -> Node {
        Node(name: outputs[0], op: op, attributes: attributes, inputs: inputs, outputs: outputs)
    }

    private static func port(
        _ name: String,
        _ dimensions: [Int?],
        _ type: ElementType = .float32
    ) -> Graph.Input { Graph.Input(name: name, type: type, dimensions: dimensions) }

    /// A graph of one Loop; `states` are its inputs too.
    private static func loop(
        _ body: Graph,
        states: [Graph.Input],
        others: [Graph.Input] = [],
        limit: Int?,
        outputs: Int
    ) -> Graph {
        var graph = Graph()
        graph.inputs = states + others
        graph.constants["go"] = Tensor(shape: [], elements: .booleans([true]))
        if let limit { graph.constants["limit"] = Tensor(shape: [], integers: [limit]) }
        graph.outputs = (0..<outputs).map { "out\($0)" }
        graph.nodes = [
            node(
                "Loop",
                [limit == nil ? "" : "limit", "go"] + states.map(\.name),
                graph.outputs,
                ["body": .graph(body)]
            )
        ]
        return graph
    }

    private static func body(_ states: [Graph.Input], _ nodes: [Node], _ outputs: [String]) -> Graph
    {
        var body = Graph()
        body.inputs = [port("i", [], .int64), port("on", [], .bool)] + states
        (body.nodes, body.outputs) = (nodes, outputs)
        return body
    }

    private func run(
        _ graph: Graph,
        _ inputs: [String: Tensor],
        workers: Int = 2
    ) throws -> (results: [Tensor], isRepeated: Bool) {
        let program = try Program(graph, tools: Self.tools(workers))
        let results = try program.run(inputs, outputs: graph.outputs) { false }
        return (results, program.report.nodes.isEmpty)
    }

    @Test func `states that change places are those of the iteration before`() throws {
        // (a, b) becomes (b, a + b); b is shown as it comes.
        let states = [Self.port("a", [2]), Self.port("b", [2])]
        let body = Self.body(
            [Self.port("a", [2]), Self.port("b", [2])],
            [
                Self.node("Identity", ["on"], ["next"]), Self.node("Add", ["a", "b"], ["sum"]),
            ],
            ["next", "b", "sum", "b"]
        )
        let graph = Self.loop(body, states: states, limit: 9, outputs: 3)
        let inputs = [
            "a": Tensor(shape: [2], floats: [0, 1]), "b": Tensor(shape: [2], floats: [1, 2]),
        ]
        let (results, isRepeated) = try run(graph, inputs)
        #expect(isRepeated)
        #expect(results[0].floats == [34, 89] && results[1].floats == [55, 144])
        #expect(results[2].shape == [9, 2])
        let firsts = try #require(results[2].floats)
        #expect(
            stride(from: 0, to: 18, by: 2).map { firsts[$0] } == [1, 1, 2, 3, 5, 8, 13, 21, 34]
        )
    }

    @Test func `a loop ends when its body says so`() throws {
        let body = Self.body(
            [Self.port("s", [3])],
            [
                Self.node("Mul", ["s", "s"], ["square"]),
                Self.node("ReduceMax", ["square"], ["most"], ["keepdims": .int(0)]),
                Self.node("Less", ["most", "bound"], ["next"]),
                Self.node("Cast", ["i"], ["number"], ["to": .int(1)]),
            ],
            ["next", "square", "number"]
        )
        for limit in [nil, 1 << 62, 3] as [Int?] {
            var graph = Self.loop(body, states: [Self.port("s", [3])], limit: limit, outputs: 2)
            graph.constants["bound"] = Tensor(shape: [], floats: [1000])
            let inputs = ["s": Tensor(shape: [3], floats: [1, 2, -1])]
            let (results, isRepeated) = try run(graph, inputs)
            #expect(isRepeated)
            let count = limit == 3 ? 3 : 4
            #expect(results[0].floats == [1, limit == 3 ? 256 : 65536, 1])
            #expect(results[1].floats == (0..<count).map { Float($0) })
        }
    }

    @Test("large states and outputs stay where they are", arguments: [1, 3])
    func large(workers: Int) throws {
        let size = 3000
        let body = Self.body(
            [Self.port("a", [size]), Self.port("b", [size])],
            [
                Self.node("Identity", ["on"], ["next"]),
                Self.node("Mul", ["a", "half"], ["small"]),
                Self.node("Add", ["small", "b"], ["c"]), Self.node("Sub", ["b", "c"], ["d"]),
                Self.node("Abs", ["d"], ["shown"]),
            ],
            ["next", "c", "d", "shown", "c"]
        )
        let states = [Self.port("a", [size]), Self.port("b", [size])]
        var graph = Self.loop(body, states: states, limit: 100, outputs: 4)
        graph.constants["half"] = Tensor(shape: [], floats: [0.5])
        var random = SeededGenerator(seed: 7)
        var (a, b) = (random.floats(size), random.floats(size))
        let inputs = ["a": Tensor(shape: [size], floats: a), "b": Tensor(shape: [size], floats: b)]
        let (results, isRepeated) = try run(graph, inputs, workers: workers)
        #expect(isRepeated)
        var (shown, sums): ([Float], [Float]) = ([], [])
        for _ in 0..<100 {
            let c = zip(a, b).map { 0.5 * $0 + $1 }
            let d = zip(b, c).map { $0 - $1 }
            (a, b) = (c, d)
            shown += d.map(abs)
            sums += c
        }
        expectSameBits(try #require(results[0].floats), a)
        expectSameBits(try #require(results[1].floats), b)
        expectSameBits(try #require(results[2].floats), shown)
        expectSameBits(try #require(results[3].floats), sums)
    }

    /// (a, i) becomes (a · w + i, i + 1), w a constant; a is shown as it was, and i too.
    private static var counting: Graph {
        var body = body(
            [port("a", [2]), port("n", [], .int64)],
            [
                node(
                    "Constant",
                    [],
                    ["w"],
                    ["value": .tensor(Tensor(shape: [2], floats: [2, 3]))]
                ),
                node("Cast", ["i"], ["f"], ["to": .int(1)]), node("Mul", ["a", "w"], ["p"]),
                node("Add", ["p", "f"], ["next"]), node("Add", ["n", "one"], ["m"]),
                node("Identity", ["yes"], ["go on"]),
            ],
            ["go on", "next", "m", "a", "i"]
        )
        body.constants = [
            "one": Tensor(shape: [], integers: [1]),
            "yes": Tensor(shape: [], elements: .booleans([true])),
        ]
        return body
    }

    @Test("a few iterations are nodes, many are repeated", arguments: [1, 2, 5, 300])
    func unrolled(limit: Int) throws {
        let states = [Self.port("x", [2]), Self.port("k", [], .int64)]
        let graph = Self.loop(Self.counting, states: states, limit: limit, outputs: 4)
        let program = try Program(graph, tools: Self.tools())
        #expect(program.graph.nodes.contains { $0.op == "Loop" } == (limit > 100))
        let inputs = [
            "x": Tensor(shape: [2], floats: [0.5, -1]), "k": Tensor(shape: [], integers: [7]),
        ]
        let results = try program.run(inputs, outputs: graph.outputs) { false }
        var (a, shown): ([Float], [Float]) = ([0.5, -1], [])
        for iteration in 0..<limit {
            shown += a
            a = [a[0] * 2 + Float(iteration), a[1] * 3 + Float(iteration)]
        }
        #expect(results[0].floats == a && results[1].elements.signed == [7 + limit])
        #expect(results[2].shape == [limit, 2] && results[2].floats == shown)
        #expect(results[3].elements.signed == Array(0..<limit))
    }

    @Test func `loops inside of loops do not become nodes without bound`() throws {
        // As many rounds as the loop around has made, seven deep.
        var body = Self.counting
        for _ in 0..<6 {
            var outer = Graph()
            outer.inputs = body.inputs
            outer.nodes = [
                Self.node("Add", ["i", "twenty"], ["rounds"]),
                Self.node("Loop", ["rounds", "", "a", "n"], ["b", "m"], ["body": .graph(body)]),
            ]
            outer.constants = [
                "twenty": Tensor(shape: [], integers: [20]),
                "yes": Tensor(shape: [], elements: .booleans([true])),
            ]
            outer.outputs = ["yes", "b", "m"]
            body = outer
        }
        let states = [Self.port("x", [2]), Self.port("k", [], .int64)]
        let graph = Self.loop(body, states: states, limit: 20, outputs: 2)
        let program = try Program(graph, tools: Self.tools())
        #expect(program.graph.nodes.count == 1)
    }

    @Test func `loops of a model become so many nodes and no more`() throws {
        var graph = Self.loop(
            Self.counting,
            states: [Self.port("x", [2]), Self.port("k", [], .int64)],
            limit: 40,
            outputs: 2
        )
        let loop = graph.nodes[0]
        for index in 1..<100 {
            var next = loop
            next.name = "loop\(index)"
            next.inputs = ["limit", "go", graph.nodes[index - 1].outputs[0], "k"]
            next.outputs = ["out0/\(index)", "out1/\(index)"]
            graph.nodes.append(next)
        }
        graph.outputs = graph.nodes[99].outputs
        let program = try Program(graph, tools: Self.tools())
        let loops = program.graph.nodes.count { $0.op == "Loop" }
        #expect((1..<100).contains(loops) && program.graph.nodes.count < 6000)
    }

    @Test("a state that stays is taken from outside", arguments: [0, 300])
    func invariant(limit: Int) throws {
        // Kernels that are carried along, the second under another name.
        let states = [Self.port("w", [2, 2, 1]), Self.port("x", [1, 2, 4]), Self.port("c", [1])]
        let body = Self.body(
            [Self.port("k", [2, 2, 1]), Self.port("s", [1, 2, 4]), Self.port("d", [1])],
            [
                Self.node("Identity", ["on"], ["next"]), Self.node("Identity", ["d"], ["same"]),
                Self.node("Identity", ["same"], ["again"]), Self.node("Conv", ["s", "k"], ["y"]),
                Self.node("Add", ["y", "same"], ["sum"]),
            ],
            ["next", "k", "sum", "again"]
        )
        var graph = Self.loop(body, states: states, limit: limit, outputs: 3)
        graph.constants["w"] = Tensor(shape: [2, 2, 1], floats: [0, 1, 1, 0])
        graph.inputs = Array(states.dropFirst())
        let inputs = [
            "x": Tensor(shape: [1, 2, 4], floats: [1, 2, 3, 4, 5, 6, 7, 8]),
            "c": Tensor(shape: [1], floats: [10]),
        ]
        let program = try Program(graph, tools: Self.tools())
        let loop = try #require(program.graph.nodes.first { $0.op == "Loop" })
        #expect(loop.inputs == ["limit", "go", "x"])
        let results = try program.run(inputs, outputs: graph.outputs) { false }
        let kernel: [Float] = [0, 1, 1, 0]
        #expect(results[0].floats == kernel && results[2].floats == [10])
        let sums: [Float] =
            limit == 0 ? [1, 2, 3, 4, 5, 6, 7, 8] : (3001...3008).map { Float($0) }
        #expect(results[1].floats == sums)
        if limit > 0 { #expect(program.report.nodes.isEmpty) }
    }

    @Test func `no iteration leaves the states`() throws {
        let body = Self.body(
            [Self.port("s", [2])],
            [Self.node("Identity", ["on"], ["next"]), Self.node("Neg", ["s"], ["t"])],
            ["next", "t", "t"]
        )
        let graph = Self.loop(body, states: [Self.port("s", [2])], limit: 0, outputs: 2)
        let (results, _) = try run(graph, ["s": Tensor(shape: [2], floats: [3, 4])])
        #expect(results[0].floats == [3, 4] && results[1].count == 0)
    }

    @Test func `a state that grows is computed by definition`() throws {
        let body = Self.body(
            [Self.port("s", [nil])],
            [
                Self.node("Identity", ["on"], ["next"]),
                Self.node("Concat", ["s", "s"], ["t"], ["axis": .int(0)]),
            ],
            ["next", "t"]
        )
        let graph = Self.loop(body, states: [Self.port("s", [nil])], limit: 3, outputs: 1)
        let (results, _) = try run(graph, ["s": Tensor(shape: [1], floats: [3])])
        #expect(results[0].floats == Array(repeating: 3, count: 8))
    }

    @Test func `a loop that nobody waits for ends`() throws {
        let body = Self.body(
            [Self.port("s", [2])],
            [Self.node("Identity", ["on"], ["next"]), Self.node("Identity", ["s"], ["t"])],
            ["next", "t"]
        )
        let graph = Self.loop(body, states: [Self.port("s", [2])], limit: nil, outputs: 1)
        let program = try Program(graph, tools: Self.tools())
        var polls = 0
        #expect(throws: ModelError.self) {
            try program.run(["s": Tensor(shape: [2], floats: [3, 4])], outputs: ["out0"]) {
                polls += 1
                return polls > 1000
            }
        }
    }

    @Test func `an index that a loop counts beyond a table is named`() throws {
        let body = Self.body(
            [Self.port("s", [2])],
            [
                Self.node("Identity", ["on"], ["next"]),
                Self.node("Gather", ["table", "i"], ["row"], ["axis": .int(0)]),
                Self.node("Add", ["s", "row"], ["t"]),
            ],
            ["next", "t"]
        )
        for limit in [3, 4] {
            var graph = Self.loop(body, states: [Self.port("s", [2])], limit: limit, outputs: 1)
            graph.constants["table"] = Tensor(shape: [3, 2], floats: [1, 2, 3, 4, 5, 6])
            let inputs = ["s": Tensor(shape: [2], floats: [0, 0])]
            if limit == 3 {
                #expect(try run(graph, inputs).results[0].floats == [9, 12])
            } else {
                #expect(throws: ModelError.self) { try run(graph, inputs) }
            }
        }
    }

    @Test("a Scan goes along any axis in either direction", arguments: [0, 1, -1], [0, 1])
    func scan(axis: Int, direction: Int) throws {
        let (steps, size) = (7, 1200)
        var body = Graph()
        body.inputs = [Self.port("s", [size]), Self.port("x", [size])]
        body.nodes = [
            Self.node("Mul", ["s", "x"], ["product"]), Self.node("Add", ["product", "w"], ["t"]),
            Self.node("Neg", ["t"], ["y"]),
        ]
        body.outputs = ["t", "y"]
        var graph = Graph()
        graph.inputs = [Self.port("s", [size]), Self.port("xs", [nil, nil])]
        graph.constants["w"] = Tensor(shape: [1], floats: [0.25])
        graph.nodes = [
            Self.node(
                "Scan",
                ["s", "xs"],
                ["last", "all"],
                [
                    "body": .graph(body), "num_scan_inputs": .int(1),
                    "scan_input_axes": .ints([axis]), "scan_output_axes": .ints([axis]),
                    "scan_input_directions": .ints([direction]),
                    "scan_output_directions": .ints([1 - direction]),
                ]
            )
        ]
        graph.outputs = ["last", "all"]
        var random = SeededGenerator(seed: 3)
        let rows = (0..<steps).map { _ in random.floats(size) }
        var state = random.floats(size)
        let xs = Tensor(shape: [steps, size], floats: Array(rows.joined()))
        let inputs = [
            "s": Tensor(shape: [size], floats: state),
            "xs": axis == 0 ? xs : xs.transposed([1, 0]),
        ]
        let (results, isRepeated) = try run(graph, inputs)
        #expect(isRepeated)
        var made: [[Float]] = []
        for step in 0..<steps {
            state = zip(state, rows[direction == 1 ? steps - 1 - step : step]).map {
                $0 * $1 + 0.25
            }
            made.append(state.map { -$0 })
        }
        if direction == 0 { made.reverse() }
        expectSameBits(try #require(results[0].floats), state)
        let all = axis == 0 ? results[1] : results[1].transposed([1, 0])
        #expect(all.shape == [steps, size])
        expectSameBits(try #require(all.floats), Array(made.joined()))
    }
}
