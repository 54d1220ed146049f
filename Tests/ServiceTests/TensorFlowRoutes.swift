import Compute
import Files
import Foundation
import Graph
import HTTP
import Models
import Onnx
import TensorFormats
import Testing

@testable import Service

/// TensorFlow Serving's interface, and KServe's first protocol, over the shipped models.
@Suite struct `TensorFlow Serving` {
    private let zeros =
        "[[\((0..<28).map { _ in "[\((0..<28).map { _ in "0" }.joined(separator: ","))]" }.joined(separator: ","))]]"

    private func post(
        _ target: String,
        _ body: String,
        _ headers: [(String, String)] = [],
        _ service: Service = Fixture.service
    ) throws -> Reply {
        try Reply("POST", target, headers, body: Array(body.utf8), from: service)
    }

    private func expected() throws -> [Float] {
        let model = try #require(Fixture.service.repository.model(named: "fashion"))
        let input = Tensor(shape: [1, 1, 28, 28], floats: Array(repeating: 0, count: 784))
        return try #require(try model.infer(["image": input]).first?.tensor.floats)
    }

    @Test func `rows and columns, named or not, are one request`() throws {
        let expected = try expected()
        let cases = [
            (#"{"instances":[\#(zeros),\#(zeros)]}"#, "predictions", 2),
            (#"{"instances":[{"image":\#(zeros)},{"image":\#(zeros)}]}"#, "predictions", 2),
            (#"{"inputs":[\#(zeros)],"signature_name":"serving_default"}"#, "outputs", 1),
            (#"{"inputs":{"image":[\#(zeros)]}}"#, "outputs", 1),
        ]
        for version in ["", "/versions/2", "/versions/0"] {
            for (body, key, count) in cases {
                let reply = try post("/v1/models/fashion\(version):predict", body)
                #expect(reply.status == 200, "\(reply.text)")
                let rows = try #require(try reply.json()[key] as? [[Double]])
                #expect(rows.count == count)
                for row in rows { #expect(row.map { Float($0) } == expected) }
            }
        }
    }

    @Test func `picture files are sent as base64`() throws {
        let shirt = try Fixture.file(Fixture.shirt)
        let text = Base64.encode(shirt)
        let own = try Reply("POST", "/models/fashion/classify?top=1", body: shirt).json()
        let best = try #require((own["predictions"] as? [[String: Any]])?.first)
        let index = try #require(best["index"] as? Int)
        for body in [
            #"{"instances":[{"b64":"\#(text)"}]}"#,
            #"{"instances":[{"image":{"b64":"\#(text)"}}]}"#,
        ] {
            let reply = try post("/v1/models/fashion:predict", body)
            let rows = try #require(try reply.json()["predictions"] as? [[Double]], "\(reply.text)")
            #expect(rows[0][index] == best["probability"] as? Double)
        }
    }

    @Test func `examples are classified into labels with scores`() throws {
        let flat = Array(repeating: "0", count: 784).joined(separator: ",")
        let model = try #require(Fixture.service.repository.model(named: "fashion"))
        for body in [
            #"{"examples":[{"image":[\#(flat)]}]}"#,
            #"{"context":{"image":[\#(flat)]},"examples":[{}]}"#,
        ] {
            let reply = try post("/v1/models/fashion:classify", body)
            let results = try #require(try reply.json()["results"] as? [[[Any]]], "\(reply.text)")
            #expect(results[0].map { $0[0] as? String } == model.manifest.labels)
            let scores = results[0].compactMap { $0[1] as? Double }
            #expect(scores.map { Float($0) } == (try expected()))
        }
        let regressed = try post(
            "/v1/models/fashion:regress",
            #"{"examples":[{"image":[\#(flat)]}]}"#
        )
        #expect(regressed.status == 400)
    }

    @Test(arguments: [
        ("{}", "\"instances\" is missing"), ("", "The body is empty"),
        (#"{"instances":[[1,2]]}"#, "has the shape [1, 2]"),
        (#"{"instances":[1],"inputs":[1]}"#, "cannot both be given"),
        (#"{"instances":[{"picture":[1]}]}"#, "no input \"picture\""),
        (#"{"instances":[[1],[1,2]]}"#, "ragged"),
        (#"{"instances":[{"image":[1]},{"image":[1,2]}]}"#, "ragged"),
        (#"{"inputs":[[1]],"signature_name":"other"}"#, "no signature \"other\""),
        (#"{"instances":[{"b64":"!!!!"}]}"#, "base64"),
        (#"{"instances":[{"b64":"AAAA"}]}"#, "image"),
    ])
    func `mistakes are named`(body: String, phrase: String) throws {
        let reply = try post("/v1/models/fashion:predict", body)
        #expect((400..<500).contains(reply.status), "\(reply.text)")
        #expect((try reply.json()["error"] as? String ?? "").contains(phrase), "\(reply.text)")
    }

    @Test func `states, signatures and names can be asked for`() throws {
        let status = try Reply("GET", "/v1/models/fashion").json()
        let version = try #require((status["model_version_status"] as? [[String: Any]])?.first)
        #expect(version["version"] as? String == "2")
        #expect(version["state"] as? String == "AVAILABLE")
        #expect(status["ready"] as? Bool == true)
        let metadata = try Reply("GET", "/v1/models/fashion/metadata")
        for phrase in [
            "\"dtype\":\"DT_FLOAT\"", "{\"size\":\"-1\",\"name\":\"\"}", "serving_default",
        ] {
            #expect(metadata.text.contains(phrase))
        }
        #expect(try Reply("GET", "/v1/models").json()["models"] as? [String] != nil)
        #expect(try Reply("GET", "/v1/models/none").status == 404)
        #expect(try Reply("GET", "/v1/models/fashion/versions/9").status == 404)
    }

    @Test func `a container's platform finds its routes and its model`() throws {
        #expect(try Reply("GET", "/ping").status == 200)
        #expect(try post("/invocations", "{}").status == 400)
        let body = #"{"instances":[\#(zeros)]}"#
        let target = [("X-Amzn-SageMaker-Target-Model", "fashion")]
        #expect(try post("/invocations", body, target).json()["predictions"] != nil)
        let inputs =
            #"{"inputs":[{"name":"tokens","shape":[1,1],"datatype":"INT64","data":[0]}]}"#
        let brackets = [("X-Amzn-SageMaker-Target-Model", "brackets")]
        #expect(
            try post("/invocations", inputs, brackets).json()["model_name"] as? String == "brackets"
        )
        let shirt = try Fixture.file(Fixture.shirt)
        #expect(try Reply("POST", "/invocations", target, body: shirt).json()["predictions"] != nil)
        let service = Fixture.service {
            $0.healthRoute = "/alive"
            $0.predictRoute = "/v1/endpoints/7:predict"
        }
        #expect(try Reply("GET", "/alive", from: service).status == 200)
        let redirect = [("X-Vertex-Ai-Triton-Redirect", "v2/models/brackets/infer")]
        let answer = try post("/v1/endpoints/7:predict", inputs, redirect, service)
        #expect(try answer.json()["model_name"] as? String == "brackets")
    }

    @Test func `a container's environment sets port and routes`() throws {
        let configuration = try Configuration(
            file: nil,
            environment: [
                "AIP_HTTP_PORT": "9090", "AIP_HEALTH_ROUTE": "/h", "AIP_PREDICT_ROUTE": "/p",
            ],
            flags: []
        )
        #expect(configuration.port == 9090)
        #expect(configuration.host == "0.0.0.0")
        #expect(configuration.healthRoute == "/h")
        #expect(configuration.predictRoute == "/p")
    }
}
