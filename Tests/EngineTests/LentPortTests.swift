import Compute
import Dispatch
import Synchronization
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Inputs and outputs of plans that lie in a caller's memory.
@Suite struct LentPortTests {
    /// y = Relu(x), z = x + y, w = x under another shape.
    private func program(_ count: Int) throws -> Program {
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "x", type: .float32, dimensions: [count])]
        graph.constants = ["rows": Tensor(shape: [2], integers: [2, -1])]
        graph.nodes = [
            Node(name: "relu", op: "Relu", inputs: ["x"], outputs: ["y"]),
            Node(name: "sum", op: "Add", inputs: ["x", "y"], outputs: ["z"]),
            Node(name: "view", op: "Reshape", inputs: ["z", "rows"], outputs: ["w"]),
        ]
        graph.outputs = ["y", "z", "w"]
        return try Program(
            graph,
            tools: ProgramTools(
                kernels: KernelSet.select(nil),
                workers: Workers(count: 2),
                memoryLimit: 1 << 26
            )
        )
    }

    private func expected(_ x: [Float]) -> (y: [Float], z: [Float]) {
        (x.map { max($0, 0) }, x.map { $0 + max($0, 0) })
    }

    @Test(arguments: [6, 5000, 300_002])
    func `all runs of one plan at once have inputs and outputs of their own`(
        _ count: Int
    ) throws {
        let program = try program(count)
        let wrong = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 12) { number in
            var random = SeededGenerator(seed: UInt64(number))
            let x = random.floats(count)
            let results = try? program.run(
                ["x": Tensor(shape: [count], floats: x)],
                outputs: ["y", "z", "w"],
                isCancelled: { false }
            )
            let (y, z) = expected(x)
            if results?.map(\.floats) != [y, z, z] { wrong.withLock { $0.append(number) } }
        }
        #expect(wrong.withLock { $0 }.isEmpty)
    }

    @Test func `large ports are lent, and a caller may fill and read them too`() throws {
        let count = 5000
        let program = try program(count)
        var random = SeededGenerator(seed: 5)
        let x = random.floats(count)
        let tensor = Tensor(shape: [count], floats: x)
        let plan = try #require(program.wholePlan(like: ["x": tensor], outputs: ["y", "z", "w"]))
        #expect(plan.inputs.allSatisfy { $0.slot != nil })
        #expect(plan.outputs.filter { $0.slot != nil }.map(\.name) == ["y"])
        let read = try plan.run { access throws(ModelError) in
            try access.withFloats("x") { span throws(ModelError) in
                for index in x.indices { span[index] = x[index] }
            }
        } read: { results throws(ModelError) in
            plan.outputs.map { results.tensor($0).floats }
        }
        let (y, z) = expected(x)
        #expect(Dictionary(zip(plan.outputs.map(\.name), read)) { $1 } == ["y": y, "z": z, "w": z])
        var runs = try PlanRuns(plan)
        try runs.fill { access throws(ModelError) in try access.fill(plan.inputs[0], tensor) }
        try runs.feed("y", to: "x")
        try runs.run()
        try runs.run()
        let outputs = runs.outputs
        let last = try outputs.withFloats("z") { span throws(ModelError) in
            span.indices.map { span[$0] }
        }
        #expect(last == y.map { 2 * $0 })
    }

    @Test func `small ports and those of kernels that read in blocks are copied`() throws {
        let x = Tensor(shape: [6], floats: [1, -2, 3, -4, 5, -6])
        let plan = try #require(
            program(6).wholePlan(like: ["x": x], outputs: ["y", "z", "w"])
        )
        #expect((plan.inputs + plan.outputs).allSatisfy { $0.slot == nil })
    }

    @Test func `an input of another type or size than the plan's is refused`() throws {
        let program = try program(5000)
        let right = Tensor(shape: [5000], floats: Array(repeating: 1, count: 5000))
        let plan = try #require(program.wholePlan(like: ["x": right], outputs: ["y"]))
        for wrong in [
            Tensor(shape: [4999], floats: Array(repeating: 1, count: 4999)),
            Tensor(shape: [5000], elements: .int32(Array(repeating: 1, count: 5000))),
        ] {
            #expect(throws: ModelError.self) { try plan.run { _ in wrong } }
        }
        #expect(throws: ModelError.self) { try plan.run { _ in nil } }
        #expect(throws: ModelError.cancelled) {
            try plan.run(isCancelled: { true }) { _ in right }
        }
        #expect(try plan.run { _ in right }[0] == right)
    }
}
