import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport

/// An ONNX file that reads symbols a, b, c, d, as exporters write it: embedding, LSTM of five units, four scores, states in and out.
enum ImportedCell {
    static func bytes() throws -> Data {
        var random = SeededGenerator(seed: 11)
        func weights(_ name: String, _ dims: [Int64]) -> OnnxTensorProto {
            SmallOnnx.tensor(name, dims, random.floats(Int(dims.reduce(1, *))))
        }
        var cell = SmallOnnx.node(
            "LSTM",
            ["rows", "W", "R", "B", "", "h0", "c0"],
            ["all", "hn", "cn"]
        )
        cell.attribute = [.with { ($0.name, $0.type, $0.i) = ("hidden_size", .int, 5) }]
        let one = OnnxTensorProto.with {
            ($0.name, $0.dataType, $0.dims, $0.int64Data) = ("one", 7, [1], [1])
        }
        let state: [Int64?] = [1, nil, 5]
        return try SmallOnnx.model(
            [
                SmallOnnx.node("Gather", ["E", "tokens"], ["rows"]), cell,
                SmallOnnx.node("Squeeze", ["all", "one"], ["flat"]),
                SmallOnnx.node("MatMul", ["flat", "V"], ["logits"]),
            ],
            inputs: [SmallOnnx.port("tokens", [nil, nil], type: 7)]
                + ["h0", "c0"].map { SmallOnnx.port($0, state) },
            outputs: [SmallOnnx.port("logits", [nil, nil, 4])]
                + ["hn", "cn"].map { SmallOnnx.port($0, state) },
            constants: [
                weights("E", [4, 3]), weights("W", [1, 20, 3]), weights("R", [1, 20, 5]),
                weights("B", [1, 40]), weights("V", [5, 4]), one,
            ]
        ).serializedBytes()
    }
}
