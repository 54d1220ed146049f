import Foundation
import HTTP
import NetworkSupport
import OnnxFormat
import SwiftProtobuf
import TestSupport
import Testing

@testable import Models
@testable import Service

/// Requests of tensors that are computed as one, where a model's time goes into reading its weights.
@Suite struct `Tensors computed together` {
    private static let width = 256

    /// Two layers of weights, and what comes after them.
    private func service(_ random: inout SeededGenerator, end: OnnxNodeProto) throws -> Service {
        let width = Int64(Self.width)
        let weights = (0..<2).map { index in
            SmallOnnx.tensor(
                "w\(index)",
                [width, width],
                (0..<Self.width * Self.width).map { _ in Float(random.int(-99...99)) / 2000 }
            )
        }
        let model = SmallOnnx.model(
            [
                SmallOnnx.node("MatMul", ["x", "w0"], ["a"]),
                SmallOnnx.node("Add", ["a", "state"], ["b"]),
                SmallOnnx.node("Tanh", ["b"], ["stateN"]),
                SmallOnnx.node("MatMul", ["stateN", "w1"], ["c"]), end,
            ],
            inputs: [
                SmallOnnx.port("x", [nil, width]), SmallOnnx.port("state", [nil, width]),
            ],
            outputs: [
                SmallOnnx.port("y", [nil, width]), SmallOnnx.port("stateN", [nil, width]),
            ],
            constants: weights
        )
        return try SmallOnnx.inFolder(["net.onnx": model.serializedBytes()]) { folder in
            Fixture.service(folders: [folder]) { $0.queueMilliseconds = 3_600_000 }
        }
    }

    private func body(_ random: inout SeededGenerator, rows: Int, _ parameters: String) -> String {
        let numbers = (0..<rows * Self.width).map { _ in String(Float(random.int(-99...99)) / 50) }
        return """
            {"inputs":[{"name":"x","datatype":"FP32","shape":[\(rows),\(Self.width)],\
            "data":[\(numbers.joined(separator: ","))]}],"parameters":{\(parameters)}}
            """
    }

    private func expectSameAnswers(
        _ service: Service,
        _ random: inout SeededGenerator,
        _ comment: String
    ) throws {
        for _ in 0..<4 {
            var requests: [(target: String, body: String, headers: [(String, String)])] = []
            for index in 0..<40 {
                // Mistakes are among them, and requests of several rows.
                let rows = index % 7 == 3 ? 3 : 1
                var body = body(&random, rows: rows, "")
                if index % 11 == 5 { body = body.replacing("\"x\"", with: "\"z\"") }
                requests.append(("/v2/models/net/infer", body, []))
            }
            let joined = try service.answers(requests)
            for (request, response) in zip(requests, joined) {
                let alone = try Reply(
                    "POST",
                    request.target,
                    body: Array(request.body.utf8),
                    from: service
                )
                #expect(response.status.code == alone.status)
                if alone.status == 200 {
                    #expect(response.body == alone.response.body, "\(comment)")
                }
            }
        }
    }

    @Test func `requests have the bits they have alone`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let service = try service(&random, end: SmallOnnx.node("Relu", ["c"], ["y"]))
        let model = try #require(service.repository.models.first)
        #expect(model.isMemoryBound && model.sideBySide != nil)
        try expectSameAnswers(service, &random, "seed \(seed)")
        #expect(service.host.joinCosts(of: model).isProven)
    }

    @Test func `a network whose rows look at each other is not joined`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var softmax = SmallOnnx.node("Softmax", ["c"], ["y"])
        softmax.attribute = [
            .with {
                $0.name = "axis"
                $0.type = .int
                $0.i = 0
            }
        ]
        let service = try service(&random, end: softmax)
        try expectSameAnswers(service, &random, "seed \(seed)")
        let model = try #require(service.repository.models.first)
        #expect(!service.host.joinCosts(of: model).mayJoin)
    }

    @Test func `steps of tensors go along too`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let service = try service(&random, end: SmallOnnx.node("Relu", ["c"], ["y"]))
        let count = 24
        for id in 0..<count {
            let reply = try Reply(
                "POST",
                "/sessions",
                body: Array(#"{"model":"net","id":"s\#(id)"}"#.utf8),
                from: service
            )
            #expect(reply.status == 201, "\(reply.text)")
        }
        for step in 0..<3 {
            let bodies = (0..<count).map { _ in body(&random, rows: 1, "") }
            let joined = try service.answers(
                bodies.enumerated().map { ("/sessions/s\($0)/step", $1, []) }
            )
            for (id, response) in joined.enumerated() {
                // The same by a sequence, one after the other.
                let start = step == 0 ? #","sequence_start":true"# : ""
                let parameters = #""sequence_id":\#(id + 1)\#(start)"#
                let alone = try Reply(
                    "POST",
                    "/v2/models/net/infer",
                    body: Array(
                        bodies[id].replacing(
                            "\"parameters\":{}",
                            with: "\"parameters\":{\(parameters)}"
                        ).utf8
                    ),
                    from: service
                )
                #expect(
                    try Reply(response).member("outputs") == alone.member("outputs"),
                    "seed \(seed), step \(step)"
                )
                #expect(try Reply(response).json()["position"] as? Int == step + 1)
            }
        }
    }
}
