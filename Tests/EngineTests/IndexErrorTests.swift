import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

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
