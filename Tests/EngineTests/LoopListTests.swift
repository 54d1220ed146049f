import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Lists that a Loop appends to or reads, as scripts of PyTorch write them.
@Suite struct LoopListTests {
    private static func list(_ name: String) -> Graph.Input {
        var input = Graph.Input(name: name, type: .float32, dimensions: [], hasAnyRank: true)
        input.isList = true
        return input
    }

    /// v becomes v + p[i], which the list gets, and p[i] behind it if told so; p stays.
    private static func body(appendsBoth: Bool) -> Graph {
        var body = Graph()
        body.inputs = [
            Graph.Input(name: "i", type: .int64, dimensions: []),
            Graph.Input(name: "on", type: .bool, dimensions: []), list("l"),
            Graph.Input(name: "v", type: .float32, dimensions: [2, 3]), list("p"),
        ]
        body.nodes = [
            LoopTests.node("SequenceAt", ["p", "i"], ["e"]),
            LoopTests.node("Add", ["v", "e"], ["v2"]),
            LoopTests.node("SequenceInsert", ["l", "v2"], ["l2"]),
            LoopTests.node("Identity", ["on"], ["next"]),
        ]
        if appendsBoth { body.nodes.append(LoopTests.node("SequenceInsert", ["l2", "e"], ["l3"])) }
        body.outputs = ["next", appendsBoth ? "l3" : "l2", "v2", "p"]
        return body
    }

    private static func graph(_ body: Graph, begins: Bool, _ nodes: [Node]) -> Graph {
        var graph = Graph()
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [2, 3]),
            Graph.Input(name: "r", type: .float32, dimensions: [nil, 2, 3]),
        ]
        graph.constants = [
            "go": Tensor(shape: [], elements: .booleans([true])),
            "one": Tensor(shape: [], integers: [1]),
        ]
        graph.nodes = [
            LoopTests.node("SequenceEmpty", [], ["s0"]),
            LoopTests.node("SequenceInsert", ["s0", "x"], ["s1"]),
            LoopTests.node("SplitToSequence", ["r"], ["parts"], ["keepdims": .int(0)]),
            LoopTests.node("SequenceLength", ["parts"], ["limit"]),
            LoopTests.node(
                "Loop",
                ["limit", "go", begins ? "s1" : "s0", "x", "parts"],
                ["list", "last", "same"],
                ["body": .graph(body)]
            ),
        ]
        graph.nodes += nodes
        return graph
    }

    private static var tools: ProgramTools {
        ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 2, minimumWork: 0),
            memoryLimit: 1 << 28
        )
    }

    /// [2, 3] matrices along an axis, which may be a new one.
    private func joined(_ parts: [[Float]], axis: Int, isNew: Bool) -> (Shape, [Float]) {
        let count = parts.count
        let place = axis < 0 ? axis + (isNew ? 3 : 2) : axis
        var sizes = [2, 3]
        if isNew { sizes.insert(count, at: place) } else { sizes[place] *= count }
        // Numbers of an element from its axis on lie together.
        let inner = [6, 3, 1][place]
        let run = isNew ? inner : [6, 3][place]
        let values = (0..<6 / run).flatMap { row in
            parts.flatMap { Array($0[row * run..<(row + 1) * run]) }
        }
        return (Shape(sizes), values)
    }

    private static let places: [(axis: Int, isNew: Int)] = [
        (0, 1), (1, 1), (2, 1), (-1, 1), (-2, 1), (-3, 1), (0, 0), (1, 0), (-1, 0), (-2, 0),
    ]

    @Test(
        "a list is the stack of what iterations append",
        arguments: places,
        [0, 1, 2, 3]
    )
    func appended(place: (axis: Int, isNew: Int), form: Int) throws {
        let (begins, appendsBoth) = (form % 2 == 1, form >= 2)
        let graph = Self.graph(
            Self.body(appendsBoth: appendsBoth),
            begins: begins,
            [
                LoopTests.node(
                    "ConcatFromSequence",
                    ["list"],
                    ["y"],
                    ["axis": .int(place.axis), "new_axis": .int(place.isNew)]
                ),
                LoopTests.node("SequenceLength", ["list"], ["k"]),
                LoopTests.node("SequenceAt", ["list", "one"], ["z"]),
                LoopTests.node("SequenceAt", ["same", "one"], ["w"]),
            ]
        )
        var random = SeededGenerator(seed: 3)
        for steps in [4, 2] {
            let x = random.floats(6)
            let rows = (0..<steps).map { _ in random.floats(6) }
            var (elements, sum) = (begins ? [x] : [], x)
            for row in rows {
                sum = zip(sum, row).map { $0 + $1 }
                elements.append(sum)
                if appendsBoth { elements.append(row) }
            }
            let program = try Program(importing: graph, tools: Self.tools)
            let inputs = [
                "x": Tensor(shape: [2, 3], floats: x),
                "r": Tensor(shape: [steps, 2, 3], floats: rows.flatMap { $0 }),
            ]
            let wanted = ["y", "k", "z", "w", "last"]
            let results = try program.run(inputs, outputs: wanted) { false }
            let (shape, values) = joined(elements, axis: place.axis, isNew: place.isNew == 1)
            #expect(results[0].shape == shape && results[0].floats == values)
            #expect(results[1].elements.signed == [elements.count])
            #expect(results[2].floats == elements[1] && results[3].floats == rows[1])
            #expect(results[4].floats == sum)
            #expect(!program.report.nodes.contains { $0.op == "Loop" })
        }
    }

    @Test func `a list that a loop does more with is refused`() throws {
        let changes: [(name: String, change: (inout Graph) -> Void)] = [
            (
                "a reading of what was appended",
                { $0.nodes.append(LoopTests.node("SequenceAt", ["l2", "i"], ["v3"])) }
            ),
            (
                "an insertion in front",
                { $0.nodes[2].inputs.append("i") }
            ),
            ("another list", { $0.outputs[1] = "p" }),
        ]
        for (name, change) in changes {
            var body = Self.body(appendsBoth: false)
            change(&body)
            let graph = Self.graph(body, begins: false, [])
            let error = #expect(throws: ModelError.self, "\(name)") {
                _ = try Program(importing: graph, tools: Self.tools)
            }
            let said = error.map { "\($0)" } ?? ""
            #expect(said.contains("Loop over a sequence"), "\(name): \(said)")
        }
    }
}
