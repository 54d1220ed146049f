import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

@testable import Engine
@testable import Graph
@testable import Models

/// What a graph may not do to a server, and the sentence it gets instead; files that did are in `FoundModelsTests`.
@Suite struct HostileGraphTests {
    private static let limit = 64 << 20

    private func load(_ model: OnnxModelProto) throws -> Model {
        try SmallOnnx.inFolder(["m.onnx": model.serializedBytes()]) { folder in
            try Model(
                onnx: folder.appending(path: "m.onnx"),
                name: "m",
                kernels: KernelSet.select(nil),
                workers: Workers(count: 1),
                memoryLimit: Self.limit
            )
        }
    }

    /// What loading says.
    private func refusal(of model: OnnxModelProto) -> String {
        do {
            _ = try load(model)
            return "loaded"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [[1 << 40], [1 << 62, 2], [Int64.max], [1 << 30], [-1, 1 << 62, 2]])
    func `an input declared larger than a request may be is refused`(_ sizes: [Int64]) {
        let said = refusal(
            of: SmallOnnx.model(
                [SmallOnnx.node("Relu", ["x"], ["y"])],
                inputs: [SmallOnnx.port("x", sizes)],
                outputs: [SmallOnnx.port("y", [nil])]
            )
        )
        #expect(said.contains("\"x\"") && said.contains("64 MiB"), "\(said)")
    }

    @Test(arguments: [
        ("Cast", [], 1, "takes 1 inputs, not 0"), ("Add", ["x"], 1, "takes 2 inputs, not 1"),
        ("GlobalAveragePool", ["x", "x"], 1, "takes 1 inputs, not 2"),
        ("Relu", ["x"], 2, "has 1 outputs, not 2"),
        ("Mul", ["", "x"], 1, "input 1 of Mul must not"),
    ])
    func `every operator is held to its declaration`(
        _ op: String,
        _ inputs: [String],
        _ outputs: Int,
        _ sentence: String
    ) {
        let names = (0..<outputs).map { "y\($0)" }
        let said = refusal(
            of: SmallOnnx.model(
                [SmallOnnx.node(op, inputs, names)],
                inputs: [SmallOnnx.port("x")],
                outputs: [SmallOnnx.port("y0")]
            )
        )
        #expect(said.contains(sentence), "\(said)")
    }

    private typealias Extreme = (op: String, attribute: String, values: [Int64], rank: Int)

    private static let large: Int64 = 1 << 30

    /// Windows that are far apart, long, or padded by more than there is.
    private static let extremes: [Extreme] = [
        ("ConvTranspose", "strides", [large, large], 4),
        ("ConvTranspose", "output_padding", [.max, 1], 4),
        ("ConvTranspose", "output_padding", [large, 1], 4),
        ("Conv", "pads", Array(repeating: large, count: 6), 5),
        ("Conv", "strides", [large, 1, large], 5),
        ("Conv", "dilations", [large, large, 1], 5),
        ("MaxPool", "kernel_shape", [large, large, large], 5),
        ("DequantizeLinear", "block_size", [.max], 4),
        ("DequantizeLinear", "block_size", [1 << 40], 4),
    ]

    @Test(arguments: extremes)
    private func `windows and blocks of any size end as an answer or a sentence`(
        _ extreme: Extreme
    ) throws {
        let (op, attribute, values, rank) = extreme
        let inputs = op == "MaxPool" ? ["x"] : op == "DequantizeLinear" ? ["q", "w"] : ["x", "w"]
        var node = SmallOnnx.node(op, inputs, ["y"])
        node.attribute = [
            .with {
                $0.name = attribute
                if attribute == "block_size" {
                    ($0.type, $0.i) = (.int, values[0])
                } else {
                    ($0.type, $0.ints) = (.ints, values)
                }
            }
        ]
        let sizes = [Int64](repeating: 2, count: rank)
        var integers = OnnxTensorProto()
        (integers.name, integers.dataType, integers.dims) = ("q", 3, sizes)
        integers.int32Data = Array(repeating: 1, count: 1 << rank)
        let model = SmallOnnx.model(
            [node],
            inputs: [SmallOnnx.port("x", sizes)],
            outputs: [SmallOnnx.port("y", sizes.map { _ in nil })],
            constants: [
                SmallOnnx.tensor("w", sizes, Array(repeating: 1, count: 1 << rank)), integers,
            ]
        )
        guard let loaded = try? load(model) else { return }
        let x = Tensor(
            shape: Shape(sizes.map { Int($0) }),
            floats: Array(repeating: 1, count: 1 << rank)
        )
        _ = try? loaded.infer(["x": x])
    }

    @Test(arguments: [Int64.min, .max, 1 << 40])
    func `an attribute out of range is named with what it may be`(_ size: Int64) {
        var node = SmallOnnx.node("Concat", ["x", "x"], ["y"])
        node.attribute = [
            .with {
                $0.name = "axis"
                $0.type = .int
                $0.i = size
            }
        ]
        let said = refusal(
            of: SmallOnnx.model(
                [node],
                inputs: [SmallOnnx.port("x")],
                outputs: [SmallOnnx.port("y", [nil])]
            )
        )
        #expect(said.contains("\"axis\"") && said.contains("\(size)"), "\(said)")
    }

    @Test func `pads that a client sends are checked before they are added`() throws {
        let model = try load(
            SmallOnnx.model(
                [SmallOnnx.node("Pad", ["x", "pads"], ["y"])],
                inputs: [SmallOnnx.port("x", [1, 2]), SmallOnnx.port("pads", [4], type: 7)],
                outputs: [SmallOnnx.port("y", [nil, nil])]
            )
        )
        let error = #expect(throws: ModelError.self) {
            try model.infer([
                "x": Tensor(shape: [1, 2], floats: [1, 2]),
                "pads": Tensor(shape: [4], integers: [0, .min, 0, 0]),
            ])
        }
        #expect("\(try #require(error))".contains("input 2 of Pad"))
    }

    @Test func `doubling values are refused by what they would take, before they do`() throws {
        var nodes: [OnnxNodeProto] = []
        for step in 0..<40 {
            var node = SmallOnnx.node("Concat", ["v\(step)", "v\(step)"], ["v\(step + 1)"])
            node.attribute = [
                .with {
                    $0.name = "axis"
                    $0.type = .int
                }
            ]
            nodes.append(node)
        }
        let model = try load(
            SmallOnnx.model(
                nodes,
                inputs: [SmallOnnx.port("v0", [4])],
                outputs: [SmallOnnx.port("v40", [nil])]
            )
        )
        let error = #expect(throws: ModelError.self) {
            try model.infer(["v0": Tensor(shape: [4], floats: [1, 2, 3, 4])])
        }
        guard case .tooLarge(_, Self.limit) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `memory that others have is a refusal, and is free again afterwards`() throws {
        let ledger = MemoryLedger(limit: 1 << 20)
        let memory = MemoryUse(limit: Self.limit, ledger: ledger)
        #expect(throws: ModelError.outOfMemory(bytes: 2 << 20)) {
            try memory.require(bytes: 2 << 20)
        }
        do {
            let other = MemoryUse(limit: Self.limit, ledger: ledger)
            try other.require(bytes: 1 << 20)
            #expect(throws: ModelError.self) { try memory.require(bytes: 1) }
        }
        try memory.require(bytes: 1 << 20)
    }

    @Test func `a chain of 40,000 nodes is computed`() throws {
        let count = 40_000
        let ops = ["Relu", "Neg", "Abs", "IsNaN", "Not", "Identity"]
        // Stretches that are planned, and truth values between them.
        let nodes = (0..<count).map { index in
            SmallOnnx.node(
                index < count - 3 ? ops[index % 3] : ops[3 + index - count + 3],
                ["v\(index)"],
                ["v\(index + 1)"]
            )
        }
        let model = try load(
            SmallOnnx.model(
                nodes,
                inputs: [SmallOnnx.port("v0", [2])],
                outputs: [SmallOnnx.port("v\(count)", [2], type: 9)]
            )
        )
        let answer = try model.infer(["v0": Tensor(shape: [2], floats: [1, .nan])])
        #expect(answer[0].tensor.elements == .booleans([true, false]))
    }

    @Test func `weights that a rule makes are weights, not memory of a request`() throws {
        let size = 6000
        var fill = SmallOnnx.node("ConstantOfShape", ["sizes"], ["w"])
        fill.attribute = [
            .with {
                $0.name = "value"
                $0.type = .tensor
                $0.t = SmallOnnx.tensor("", [1], [0.5])
            }
        ]
        var proto = SmallOnnx.model(
            [fill, SmallOnnx.node("MatMul", ["x", "w"], ["y"])],
            inputs: [SmallOnnx.port("x", [1, Int64(size)])],
            outputs: [SmallOnnx.port("y", [1, 2])]
        )
        // 144 MB, more than twice what a request may take.
        proto.graph.initializer = [
            .with {
                $0.name = "sizes"
                $0.dataType = 7
                $0.dims = [2]
                $0.int64Data = [Int64(size), Int64(size)]
            }
        ]
        let model = try load(proto)
        let x = Tensor(shape: [1, size], floats: Array(repeating: 1, count: size))
        let answer = try #require(try model.infer(["x": x])[0].tensor.floats)
        #expect(answer == Array(repeating: Float(size) / 2, count: size))
    }

    @Test func `an answer that a rule makes counts like one that is computed`() throws {
        var proto = SmallOnnx.model(
            [
                SmallOnnx.node("ConstantOfShape", ["sizes"], ["w"]),
                SmallOnnx.node("Relu", ["x"], ["y"]),
            ],
            inputs: [SmallOnnx.port("x")],
            outputs: [SmallOnnx.port("y"), SmallOnnx.port("w", [nil])]
        )
        proto.graph.initializer = [
            .with {
                $0.name = "sizes"
                $0.dataType = 7
                $0.dims = [1]
                $0.int64Data = [1 << 28]
            }
        ]
        let model = try load(proto)
        let error = #expect(throws: ModelError.self) {
            try model.infer(["x": Tensor(shape: [2], floats: [1, 2])])
        }
        guard case .tooLarge(_, Self.limit) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `dropout that trains is refused when the model is loaded`() {
        var proto = SmallOnnx.model(
            [SmallOnnx.node("Dropout", ["x", "ratio", "trains"], ["y"])],
            inputs: [SmallOnnx.port("x")],
            outputs: [SmallOnnx.port("y")],
            constants: [SmallOnnx.tensor("ratio", [], [0.5])]
        )
        proto.graph.initializer.append(
            .with {
                $0.name = "trains"
                $0.dataType = 9
                $0.int32Data = [1]
            }
        )
        #expect(refusal(of: proto).contains("training_mode of Dropout is not supported"))
    }

    @Test(arguments: [(-1, -1, -1), (-1, -2, 1), (1, -5, 1), (2, -1, 0), (-1, 3, -1)])
    func `integers have the powers of real numbers, towards zero`(
        _ base: Int,
        _ exponent: Int,
        _ expected: Int
    ) {
        #expect(Arithmetic.power(base, exponent) == expected)
    }

    @Test func `an LSTM's cell is clipped before its output`() throws {
        var cell = SmallOnnx.node("LSTM", ["x", "w", "r", "b"], ["", "h", "c"])
        cell.attribute = [
            .with {
                $0.name = "hidden_size"
                $0.type = .int
                $0.i = 1
            },
            .with {
                $0.name = "clip"
                $0.type = .float
                $0.f = 0.25
            },
        ]
        let zero = [Float](repeating: 0, count: 4)
        let model = try load(
            SmallOnnx.model(
                [cell],
                inputs: [SmallOnnx.port("x", [3, 1, 1])],
                outputs: [SmallOnnx.port("h", [1, 1, 1]), SmallOnnx.port("c", [1, 1, 1])],
                constants: [
                    SmallOnnx.tensor("w", [1, 4, 1], [1, 1, 1, 1]),
                    SmallOnnx.tensor("r", [1, 4, 1], zero),
                    SmallOnnx.tensor("b", [1, 8], zero + zero),
                ]
            )
        )
        let answer = try model.infer(["x": Tensor(shape: [3, 1, 1], floats: [1, 1, 1])])
        // All gates see 0.25: i = f = o = σ(0.25), g = tanh(0.25); after three steps c is beyond 0.25.
        let gate = 1 / (1 + exp(-0.25))
        var c = 0.0
        for _ in 0..<3 { c = gate * c + gate * tanh(0.25) }
        #expect(c > 0.25)
        let (h, state) = (
            try #require(answer[0].tensor.floats), try #require(answer[1].tensor.floats)
        )
        #expect(abs(Double(state[0]) - c) < 1e-6)
        #expect(abs(Double(h[0]) - gate * tanh(0.25)) < 1e-6)
    }
}
