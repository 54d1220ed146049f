import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

@testable import Engine
@testable import Graph
@testable import Models

/// What is said of an index that selects something that is not there.
@Suite struct IndexErrorTests {
    @Test func `a tensor model's index is named as a number of its input, not as a token`() throws {
        let file = SmallOnnx.model(
            [SmallOnnx.node("Gather", ["table", "ids"], ["y"])],
            inputs: [SmallOnnx.port("ids", [3], type: 7)],
            outputs: [SmallOnnx.port("y", [3, 1])],
            constants: [SmallOnnx.tensor("table", [2, 1])]
        )
        let model = try SmallOnnx.inFolder(["model.onnx": file.serializedBytes()]) { folder in
            try Model(
                onnx: folder.appending(path: "model.onnx"),
                name: "net",
                kernels: KernelSet.select(nil),
                workers: Workers(count: 1)
            )
        }
        let right = try model.infer(["ids": Tensor(shape: [3], integers: [0, -1, 1])])
        #expect(right[0].tensor.floats == [1, 2, 2])
        do {
            _ = try model.infer(["ids": Tensor(shape: [3], integers: [0, 70, 1])])
            Issue.record("the index was taken")
        } catch {
            let text = error.description
            #expect(text.contains("70"), "\(text)")
            #expect(!text.contains("vocabulary") && !text.contains("token"), "\(text)")
        }
    }

    /// Gather of three rows by `ids` + 1, as one plan.
    private func computedGather() throws -> Program {
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "ids", type: .int32, dimensions: [nil])]
        graph.constants = [
            "one": Tensor(shape: [], elements: .int32([1])),
            "table": Tensor(shape: [3, 2], floats: [0, 1, 2, 3, 4, 5]),
        ]
        graph.nodes = [
            Node(name: "next", op: "Add", inputs: ["ids", "one"], outputs: ["places"]),
            Node(name: "rows", op: "Gather", inputs: ["table", "places"], outputs: ["y"]),
        ]
        graph.outputs = ["y"]
        return try Program(
            graph,
            tools: ProgramTools(
                kernels: KernelSet.select(nil),
                workers: Workers(count: 2),
                memoryLimit: 1 << 24
            )
        )
    }

    @Test(arguments: [2, 70, -5, Int32.max, Int32.min])
    func `a computed index that selects nothing is an error, and the next run is not`(
        _ index: Int32
    ) throws {
        let program = try computedGather()
        func run(_ ids: [Int32]) throws(ModelError) -> [Float]? {
            let tensor = Tensor(shape: [ids.count], elements: .int32(ids))
            return try program.run(["ids": tensor], outputs: ["y"], isCancelled: { false })[0]
                .floats
        }
        let given = Tensor(shape: [3], elements: .int32([0, 1, 1]))
        #expect(program.wholePlan(like: ["ids": given], outputs: ["y"]) != nil)
        #expect(try run([0, 1, -2]) == [2, 3, 4, 5, 4, 5])
        // In the definition's words.
        let reason = "index \(index &+ 1) lies outside of 3"
        #expect(throws: ModelError.shape(node: "rows", reason: reason)) {
            try run([0, index, 1])
        }
        #expect(try run([0, 1, -2]) == [2, 3, 4, 5, 4, 5])
    }

    @Test func `a long list of indices names the first that selects nothing`() throws {
        var graph = Graph()
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [nil]),
            Graph.Input(name: "ids", type: .int64, dimensions: [nil]),
        ]
        graph.nodes = [
            Node(name: "pick", op: "GatherElements", inputs: ["x", "ids"], outputs: ["y"])
        ]
        graph.outputs = ["y"]
        let program = try Program(
            graph,
            tools: ProgramTools(
                kernels: KernelSet.select(nil),
                workers: Workers(count: 2),
                memoryLimit: 1 << 26
            )
        )
        var ids = [Int](repeating: -1, count: 200_000)
        (ids[150_000], ids[190_000]) = (.min, 5)
        let given = [
            "x": Tensor(shape: [5], floats: [1, 2, 3, 4, 5]),
            "ids": Tensor(shape: [ids.count], integers: ids),
        ]
        let error = ModelError.indexOutOfRange(
            input: "ids",
            position: 150_000,
            index: .min,
            count: 5
        )
        #expect(throws: error) {
            try program.run(given, outputs: ["y"], isCancelled: { false })
        }
    }

    @Test func `sentences count positions from 1`() {
        #expect(
            "\(ModelError.tokenOutOfRange(position: 0, token: 9, count: 3))".contains("position 1")
        )
        #expect("\(ModelError.nonFinite(output: "y", index: 0))".contains("number 1"))
        #expect("\(VocabularyError(symbol: "?", position: 0))".contains("position 1"))
        let index = ModelError.indexOutOfRange(input: "ids", position: 1, index: 70, count: 10)
        #expect(
            "\(index)" == "input \"ids\": number 2 is 70, but selects one of 10: expected -10 to 9"
        )
    }
}
