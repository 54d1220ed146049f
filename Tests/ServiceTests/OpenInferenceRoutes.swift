import Compute
import Engine
import Files
import Foundation
import Graph
import HTTP
import Models
import Onnx
import TensorFormats
import TestSupport
import Testing

@testable import Service

/// The Open Inference Protocol over the shipped models.
@Suite struct `Open Inference Protocol` {
    /// Random numbers for fashion's input, and what the model makes of them.
    private func sample(_ batch: Int = 2) throws -> (input: Tensor, output: Tensor) {
        var random = SeededGenerator(seed: 11)
        let input = Tensor(shape: [batch, 1, 28, 28], floats: random.floats(batch * 784))
        let model = try #require(Fixture.service.repository.model(named: "fashion"))
        let output = try #require(try model.infer(["image": input]).first)
        return (input, output.tensor)
    }

    private func post(
        _ target: String,
        json: String,
        binary: [UInt8] = [],
        hasLength: Bool = true,
        _ headers: [(String, String)] = []
    ) throws -> Reply {
        let text = Array(json.utf8)
        let length = ("Inference-Header-Content-Length", String(text.count))
        return try Reply(
            "POST",
            target,
            (binary.isEmpty || !hasLength ? [] : [length]) + headers,
            body: text + binary
        )
    }

    private func bytes(_ tensor: Tensor) -> [UInt8] {
        var bytes: [UInt8] = []
        BinaryTensors.append(tensor.elements, to: &bytes)
        return bytes
    }

    /// The JSON of a reply and the bytes after it.
    private func split(_ reply: Reply) throws -> (json: [String: Any], binary: [UInt8]) {
        let length = try #require(
            reply.header("Inference-Header-Content-Length").flatMap { Int($0) }
        )
        let json = try JSONSerialization.jsonObject(with: Data(reply.response.body[..<length]))
        return (try #require(json as? [String: Any]), Array(reply.response.body[length...]))
    }

    private func firstOutput(_ json: [String: Any]) throws -> [String: Any] {
        try #require((json["outputs"] as? [[String: Any]])?.first)
    }

    @Test func `JSON in, JSON out: nested or flat, data before its datatype or after`() throws {
        let (input, output) = try sample()
        let floats = try #require(input.floats)
        let rows = [floats[..<784], floats[784...]].map { "\(Array($0))" }
        let given = [
            #"{"inputs":[{"name":"image","shape":[2,1,28,28],"datatype":"FP32","data":\#(floats)}]}"#,
            #"{"inputs":[{"data":[\#(rows[0]),\#(rows[1])],"datatype":"FP32","shape":[2,1,28,28],"name":"image"}]}"#,
            #"""
            {"model_name":"x","id":null,"parameters":null,"outputs":null,"inputs":[{"name":"image","parameters":
            {"content_type":"np"},"shape":[2,1,28,28],"datatype":"FP32","data":\#(floats)}],"extra":{"a":[1]}}
            """#,
        ]
        for json in given {
            let reply = try post("/v2/models/fashion/infer", json: json)
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.header("Content-Type") == "application/json")
            let document = try reply.json()
            #expect(document["model_name"] as? String == "fashion")
            #expect(document["model_version"] as? String == "2")
            #expect(document["id"] == nil)
            let first = try firstOutput(document)
            #expect(first["name"] as? String == "probabilities")
            #expect(first["datatype"] as? String == "FP32")
            #expect(first["shape"] as? [Int] == [2, 10])
            let data = try #require(first["data"] as? [Double])
            #expect(data.map { Float($0) } == output.floats)
        }
    }

    @Test func `binary in, binary out, by default or as each output says`() throws {
        let (input, output) = try sample()
        let binary = bytes(input)
        let head =
            #""inputs":[{"name":"image","shape":[2,1,28,28],"datatype":"FP32","parameters":{"binary_data_size":\#(binary.count)}}]"#
        let wishes = [
            #"{"id":"r-7",\#(head),"outputs":[{"name":"probabilities","parameters":{"binary_data":true}}]}"#,
            #"{\#(head),"parameters":{"binary_data_output":true}}"#,
            #"{\#(head),"parameters":{"binary_data_output":false},"outputs":[{"name":"probabilities","parameters":{"binary_data":true}}]}"#,
        ]
        for json in wishes {
            let reply = try post("/v2/models/fashion/versions/2/infer", json: json, binary: binary)
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.header("Content-Type") == "application/octet-stream")
            let (document, tail) = try split(reply)
            let first = try firstOutput(document)
            let parameters = try #require(first["parameters"] as? [String: Any])
            #expect(parameters["binary_data_size"] as? Int == tail.count)
            #expect(tail == bytes(output))
        }
    }

    @Test func `a mixed answer has JSON and binary outputs, and any layer is an output`() throws {
        let (input, output) = try sample(1)
        let floats = try #require(input.floats)
        let json = #"""
            {"inputs":[{"name":"image","shape":[1,1,28,28],"datatype":"FP32","data":\#(floats)}],
             "outputs":[{"name":"logits"},{"name":"probabilities","parameters":{"binary_data":true}},{"name":"pool1"}]}
            """#
        let (document, tail) = try split(post("/v2/models/fashion/infer", json: json))
        let outputs = try #require(document["outputs"] as? [[String: Any]])
        #expect(outputs.map { $0["name"] as? String } == ["logits", "probabilities", "pool1"])
        #expect((outputs[0]["data"] as? [Double])?.count == 10)
        #expect(outputs[2]["shape"] as? [Int] == [1, 32, 14, 14])
        #expect(tail == bytes(output))
    }

    @Test func `a raw body is the one input of a batch of one`() throws {
        let (input, output) = try sample(1)
        let reply = try Reply(
            "POST",
            "/v2/models/fashion/infer",
            [("Inference-Header-Content-Length", "0")],
            body: bytes(input)
        )
        #expect(reply.status == 200, "\(reply.text)")
        #expect(try split(reply).binary == bytes(output))
    }

    @Test func `a classified output is value, index and label, best first`() throws {
        let (input, output) = try sample()
        let floats = try #require(input.floats)
        let json = #"""
            {"inputs":[{"name":"image","shape":[2,1,28,28],"datatype":"FP32","data":\#(floats)}],
             "outputs":[{"name":"probabilities","parameters":{"classification":3}}]}
            """#
        let first = try firstOutput(post("/v2/models/fashion/infer", json: json).json())
        #expect(first["datatype"] as? String == "BYTES")
        #expect(first["shape"] as? [Int] == [2, 3])
        let model = try #require(Fixture.service.repository.model(named: "fashion"))
        let row = try #require(output.floats)[..<10]
        let best = try #require(row.indices.max { row[$0] < row[$1] })
        let texts = try #require(first["data"] as? [String])
        #expect(texts.count == 6)
        #expect(texts[0] == "\(row[best]):\(best):\(model.manifest.labels[best])")
    }

    @Test func `pictures may be sent as files in a tensor of bytes`() throws {
        let shirt = try Fixture.file(Fixture.shirt)
        let tensor = Tensor(shape: [2], elements: .strings([shirt, shirt]))
        let binary = bytes(tensor)
        let json =
            #"{"inputs":[{"name":"image","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":\#(binary.count)}}]}"#
        let first = try firstOutput(
            post("/v2/models/fashion/infer", json: json, binary: binary).json()
        )
        #expect(first["shape"] as? [Int] == [2, 10])
        let own = try Reply("POST", "/models/fashion/classify?top=1", body: shirt).json()
        let best = try #require((own["predictions"] as? [[String: Any]])?.first)
        let index = try #require(best["index"] as? Int)
        let data = try #require(first["data"] as? [Double])
        #expect(Float(data[index]) == (best["probability"] as? Double).map { Float($0) })
    }

    @Test func `a sequence goes on from request to request as if it were one`() throws {
        func step(_ tokens: [Int], _ parameters: String) throws -> Reply {
            try post(
                "/v2/models/scripture-lstm/infer",
                json: #"""
                    {"inputs":[{"name":"tokens","shape":[\#(tokens.count),1],"datatype":"INT64","data":\#(tokens)}],
                     "parameters":{\#(parameters)}}
                    """#
            )
        }
        func rows(_ reply: Reply) throws -> [Double] {
            try #require(try firstOutput(reply.json())["data"] as? [Double])
        }
        let whole = try rows(step([5, 9, 13, 2], ""))
        let other = try rows(step([7, 7], ""))
        let first = try rows(step([5, 9], #""sequence_id":42,"sequence_start":true"#))
        // Another sequence between, with a text as its name.
        let between = try rows(step([7], #""sequence_id":"42","sequence_start":true"#))
        let second = try rows(step([13], #""sequence_id":42"#))
        let after = try rows(step([7], #""sequence_id":"42","sequence_end":true"#))
        let third = try rows(step([2], #""sequence_id":42,"sequence_end":true"#))
        #expect(first + second + third == whole)
        #expect(between + after == other)
        for (tokens, parameters) in [
            ([2], #""sequence_id":42"#), ([2], #""sequence_id":"none""#),
        ] {
            let reply = try step(tokens, parameters)
            #expect(reply.status == 400)
            #expect(try reply.json()["code"] as? String == "unknown_sequence")
        }
        #expect(try step([2], #""sequence_start":true"#).status == 400)
        #expect(try step([2], #""sequence_id":0,"sequence_end":false"#).status == 200)
    }

    @Test func `every model has metadata, a configuration and statistics`() throws {
        for model in Fixture.service.repository.models {
            for rest in ["", "/config", "/stats", "/ready", "/versions/\(model.version)"] {
                let reply = try Reply("GET", "/v2/models/\(model.name)\(rest)")
                #expect(reply.status == 200, "\(model.name)\(rest): \(reply.text)")
            }
        }
        let fashion = try Reply("GET", "/v2/models/fashion").json()
        let input = try #require((fashion["inputs"] as? [[String: Any]])?.first)
        #expect(input["shape"] as? [Int] == [-1, 1, 28, 28])
        let names = try Reply("GET", "/v2/models").json()["models"] as? [String]
        #expect(names == Fixture.service.repository.models.map(\.name))
        let all = try Reply("GET", "/v2/models/stats").json()["model_stats"] as? [Any]
        #expect(all?.count == names?.count)
        #expect(try Reply("GET", "/v2").json()["name"] as? String == "striate")
    }

    @Test func `statistics count rows, answers and failures`() throws {
        let service = Fixture.service { _ in }
        let (input, _) = try sample(2)
        for body in [bytes(input), [1, 2, 3]] {
            _ = try Reply(
                "POST",
                "/v2/models/fashion/infer",
                [("Inference-Header-Content-Length", "0")],
                body: body,
                from: service
            )
        }
        let reply = try Reply("GET", "/v2/models/fashion/stats", from: service)
        let stats = try #require((try reply.json()["model_stats"] as? [[String: Any]])?.first)
        #expect(stats["inference_count"] as? Int == 2)
        #expect(stats["execution_count"] as? Int == 1)
        let times = try #require(stats["inference_stats"] as? [String: [String: Int]])
        #expect(times["success"]?["count"] == 1)
        #expect(times["fail"]?["count"] == 1)
        #expect(times["compute_infer"]?["ns"] ?? 0 > 0)
    }

    @Test func `a text is continued, the same for the same seed`() throws {
        func text(_ body: String) throws -> Reply {
            try post("/v2/models/scripture/generate", json: body)
        }
        let body = #"{"id":"a","text_input":"In the ","parameters":{"max_tokens":12,"seed":3}}"#
        let reply = try text(body)
        let document = try reply.json()
        #expect(document["id"] as? String == "a")
        #expect((document["text_output"] as? String)?.count == 12)
        #expect(
            try text(body).json()["text_output"] as? String == document["text_output"] as? String
        )
        #expect(try text(#"{"text_input":""}"#).status == 400)
        #expect(try text(#"{"id":"x"}"#).status == 400)
        #expect(try text(#"{"text_input":"a","top_p":0.5}"#).status == 400)
    }

    @Test(
        "a streamed text is the whole one in parts",
        arguments: [#""max_tokens":40"#, #""max_tokens":200,"stop":["e t","h"]"#, #""stop":"""#]
    )
    func streams(_ parameters: String) throws {
        let body =
            #"{"id":"a","text_input":"In the ","details":true,"parameters":{"seed":3,\#(parameters)}}"#
        for version in ["", "/versions/2"] {
            let path = "/v2/models/scripture\(version)/generate"
            let whole = try post(path, json: body).json()
            let reply = try post(path + "_stream", json: body)
            #expect(reply.header("Content-Type") == "text/event-stream; charset=utf-8")
            let events = try ReadEvent.all(in: reply.text)
            #expect(events.count > 1)
            #expect(events.allSatisfy { $0.name == nil && $0.data["id"] as? String == "a" })
            let parts = events.map { $0.data["text_output"] as? String ?? "?" }
            #expect(parts.dropLast().allSatisfy { !$0.isEmpty })
            #expect(parts.joined() == whole["text_output"] as? String)
            let details = try #require(events.last?.data["details"] as? [String: String])
            #expect(details == whole["details"] as? [String: String])
            #expect(events.dropLast().allSatisfy { $0.data["details"] == nil })
        }
    }

    @Test func `a deadline in microseconds that passed is 504`() throws {
        let (input, _) = try sample(1)
        let floats = try #require(input.floats)
        let json = #"""
            {"parameters":{"timeout":1},"inputs":[{"name":"image","shape":[1,1,28,28],"datatype":"FP32","data":\#(floats)}]}
            """#
        #expect(try post("/v2/models/fashion/infer", json: json).status == 504)
    }
}
