import Compute
import Testing

@testable import Engine
@testable import Graph

/// What is computed once, when a model is loaded.
@Suite struct FoldingTests {
    /// A chain over one constant, as weights that are normalised when they are read: each link is as large as the constant.
    private func chain(links: Int, elements: Int) -> Graph {
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "x", type: .float32, dimensions: [elements])]
        graph.constants["w0"] = Tensor(
            shape: [elements],
            floats: (0..<elements).map { Float($0 % 7) }
        )
        for link in 0..<links {
            graph.nodes.append(
                Node(name: "w", op: "Neg", inputs: ["w\(link)"], outputs: ["w\(link + 1)"])
            )
        }
        graph.nodes.append(
            Node(name: "y", op: "Add", inputs: ["x", "w\(links)"], outputs: ["y"])
        )
        graph.outputs = ["y"]
        return graph
    }

    @Test func `what is read no longer takes no room`() throws {
        let elements = 1 << 16
        let tools = ProgramTools(
            kernels: KernelSet.supported[0],
            workers: Workers(count: 1),
            // Of sixteen links a few have room at once.
            memoryLimit: 16 * elements * 4
        )
        let program = try Program(chain(links: 64, elements: elements), tools: tools)
        #expect(program.graph.nodes.map(\.op) == ["Add"])
        #expect(program.graph.constants.keys.sorted() == ["w64"])
    }

    @Test func `what an earlier node needs stays`() throws {
        var graph = chain(links: 3, elements: 8)
        graph.nodes.insert(
            Node(name: "z", op: "Mul", inputs: ["x", "w1"], outputs: ["z"]),
            at: 1
        )
        graph.outputs.append("z")
        let tools = ProgramTools(
            kernels: KernelSet.supported[0],
            workers: Workers(count: 1),
            memoryLimit: 1 << 20
        )
        let program = try Program(graph, tools: tools)
        #expect(program.graph.constants.keys.sorted() == ["w1", "w3"])
        let x = Tensor(shape: [8], floats: Array(repeating: 1, count: 8))
        let results = try program.run(["x": x], outputs: ["y", "z"], isCancelled: { false })
        #expect(results[0].floats == [1, 0, -1, -2, -3, -4, -5, 1])
        #expect(results[1].floats == [0, -1, -2, -3, -4, -5, -6, 0])
    }
}

/// Views of no elements, as a roll by nothing cuts them off.
@Suite struct EmptyViewTests {
    @Test(arguments: [0, 1, 3]) func `a roll by any number of rows is planned`(rows: Int) throws {
        var draft = PatternDraft(seed: 5)
        let x = draft.input([3, 40, 30])
        func part(_ start: Int, _ end: Int) -> String {
            let (from, to) = (draft.integers([start]), draft.integers([end]))
            return draft.add("Slice", [x, from, to, draft.integers([0])])
        }
        let rolled = draft.add(
            "Concat",
            [part(rows, .max), part(0, rows)],
            ["axis": .int(0)]
        )
        draft.finish(draft.add("Neg", [rolled]))
        let program = try draft.imported()
        let outputs = draft.graph.outputs
        let results = try program.run(draft.inputs, outputs: outputs) { false }
        let values = try draft.defined()
        for (name, result) in zip(outputs, results) {
            #expect(result.floats == values[name]?.floats)
        }
        #expect(try program.survey(like: draft.inputs).shapes[rolled] == [3, 40, 30])
        #expect(program.report.nodes.isEmpty)
    }
}
