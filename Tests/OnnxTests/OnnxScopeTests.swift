import Compute
import Foundation
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import Testing

@testable import Graph
@testable import Models

/// Graphs inside of nodes whose values have names that the graphs around them have too.
@Suite struct OnnxScopeTests {
    private static func integers(
        _ name: String,
        _ values: [Int64],
        scalar: Bool = false
    ) -> OnnxTensorProto {
        .with {
            $0.name = name
            $0.dataType = 7
            $0.dims = scalar ? [] : [Int64(values.count)]
            $0.int64Data = values
        }
    }

    private static func attribute(_ name: String, _ graph: OnnxGraphProto) -> OnnxAttributeProto {
        .with {
            $0.name = name
            $0.type = .graph
            $0.g = graph
        }
    }

    private func run(_ model: OnnxModelProto, _ inputs: [String: Tensor]) throws -> [[Float]] {
        let model = try SmallOnnx.inFolder(["model.onnx": model.serializedBytes()]) { folder in
            try Model(
                onnx: folder.appending(path: "model.onnx"),
                name: "net",
                kernels: KernelSet.select(nil),
                workers: Workers(count: 1)
            )
        }
        return try model.infer(inputs).map { $0.tensor.floats ?? [] }
    }

    /// Twice v = v + w; `v` is carried, and named as the body is told to.
    private func loop(carried: String, _ change: (inout OnnxGraphProto) -> Void) throws -> [[Float]]
    {
        var body = OnnxGraphProto()
        body.input = [
            SmallOnnx.port("i", [], type: 7), SmallOnnx.port("c", [], type: 9),
            SmallOnnx.port(carried),
        ]
        body.node = [
            SmallOnnx.node("Add", [carried, "w"], ["sum"]),
            SmallOnnx.node("Identity", ["c"], ["go"]),
        ]
        body.output = [SmallOnnx.port("go", [], type: 9), SmallOnnx.port("sum")]
        change(&body)
        var node = SmallOnnx.node("Loop", ["trips", "", "x"], ["y"])
        node.attribute = [Self.attribute("body", body)]
        var model = SmallOnnx.model(
            [
                SmallOnnx.node("Relu", ["x"], ["inner"]), node,
                SmallOnnx.node("Add", ["y", "inner"], ["z"]),
            ],
            inputs: [SmallOnnx.port("x")],
            outputs: [SmallOnnx.port("y"), SmallOnnx.port("z")],
            constants: [SmallOnnx.tensor("w", [2], [3, 4])]
        )
        model.graph.initializer.append(Self.integers("trips", [2], scalar: true))
        return try run(model, ["x": Tensor(shape: [2], floats: [2, 2])])
    }

    @Test(arguments: ["v", "x", "inner", "trips"])
    func `a loop's own input counts, whatever the outer graph calls so`(name: String) throws {
        // 2 + 3 + 3 and 2 + 4 + 4.
        let results = try loop(carried: name) { _ in }
        #expect(results == [[8, 10], [10, 12]])
    }

    @Test func `an inner initializer counts, and the outer one is as before`() throws {
        let results = try loop(carried: "v") {
            $0.initializer = [SmallOnnx.tensor("w", [2], [10, 20])]
        }
        #expect(results == [[22, 42], [24, 44]])
    }

    @Test func `an inner node's value counts from there on`() throws {
        let results = try loop(carried: "v") {
            // The first reads the outer "inner", the second makes its own.
            $0.node = [
                SmallOnnx.node("Add", ["v", "inner"], ["before"]),
                SmallOnnx.node("Add", ["before", "w"], ["inner"]),
                SmallOnnx.node("Identity", ["inner"], ["sum"]),
                SmallOnnx.node("Identity", ["c"], ["go"]),
            ]
        }
        // v + 2 + w, twice.
        #expect(results == [[12, 14], [14, 16]])
    }

    @Test func `the branches of a condition may name their values alike`() throws {
        func branch(_ op: String) -> OnnxGraphProto {
            .with {
                $0.node = [SmallOnnx.node(op, ["x"], ["w"]), SmallOnnx.node("Neg", ["w"], ["r"])]
                $0.output = [SmallOnnx.port("r")]
            }
        }
        var node = SmallOnnx.node("If", ["flag"], ["y"])
        node.attribute = [
            Self.attribute("then_branch", branch("Relu")),
            Self.attribute("else_branch", branch("Abs")),
        ]
        let model = SmallOnnx.model(
            [node, SmallOnnx.node("Add", ["y", "w"], ["z"])],
            inputs: [SmallOnnx.port("x"), SmallOnnx.port("flag", [], type: 9)],
            outputs: [SmallOnnx.port("z")],
            constants: [SmallOnnx.tensor("w", [2], [1, 1])]
        )
        for (flag, expected) in [(true, [1, -1]), (false, [-1, -1])] as [(Bool, [Float])] {
            let inputs = [
                "x": Tensor(shape: [2], floats: [-2, 2]),
                "flag": Tensor(shape: [], elements: .booleans([flag])),
            ]
            #expect(try run(model, inputs) == [expected])
        }
    }

    @Test func `within one graph a name is still one value`() throws {
        #expect(throws: ModelError.self) {
            _ = try loop(carried: "v") { $0.input.append(SmallOnnx.port("v")) }
        }
        #expect(throws: ModelError.self) {
            _ = try loop(carried: "v") { $0.node.append(SmallOnnx.node("Abs", ["v"], ["sum"])) }
        }
    }
}
