import Foundation
import Testing

@testable import Service

/// Requests of the Open Inference Protocol that must be refused, each with the reason.
@Suite struct `Mistakes in tensors` {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let json: String
        var binary: [UInt8] = []
        var length: String?
        let phrase: String
        var code: String?

        var testDescription: String { phrase }
    }

    private static let zeros = Array(repeating: "0", count: 784).joined(separator: ",")
    private static let good =
        #"{"name":"image","shape":[1,1,28,28],"datatype":"FP32","data":[\#(zeros)]}"#

    private static func input(_ members: String) -> String { "{\"inputs\":[{\(members)}]}" }

    static let mistakes: [Mistake] = [
        Mistake(json: "{}", phrase: "\"inputs\" is missing", code: "missing_field"),
        Mistake(json: "[]", phrase: "Expected an object"),
        Mistake(json: #"{"inputs":[]}"#, phrase: "\"image\" is missing", code: "missing_input"),
        Mistake(json: input(#""name":"image""#), phrase: "no \"datatype\""),
        Mistake(json: input(#""name":"image","datatype":"FP31""#), phrase: "FP31"),
        Mistake(
            json: input(#""name":"image","datatype":"FP32","data":[1]"#),
            phrase: "no \"shape\""
        ),
        Mistake(json: input(#""datatype":"FP32","shape":[1],"data":[1]"#), phrase: "no \"name\""),
        Mistake(
            json: input(#""name":"image","datatype":"FP32","shape":[1]"#),
            phrase: "neither \"data\" nor"
        ),
        Mistake(
            json: input(#""name":"image","datatype":"BOOL","shape":[3],"data":[true]"#),
            phrase: "1 are given",
            code: "wrong_shape"
        ),
        Mistake(
            json: input(#""name":"image","datatype":"FP32","shape":[-1,2],"data":[1]"#),
            phrase: "which no tensor can have"
        ),
        Mistake(
            json: input(
                #""name":"image","datatype":"FP32","shape":[4294967296,4294967296,4294967296],"data":[1]"#
            ),
            phrase: "which no tensor can have"
        ),
        Mistake(
            json: input(#""name":"image","datatype":"UINT8","shape":[1],"data":[256]"#),
            phrase: "does not fit"
        ),
        Mistake(
            json: input(#""name":"image","datatype":"INT64","shape":[1],"data":[1.5]"#),
            phrase: "an integer"
        ),
        Mistake(
            json: input(#""name":"image","datatype":"INT64","shape":[1],"data":[1]"#),
            phrase: "is INT64 [1], but \"fashion\" takes FP32 [-1, 1, 28, 28]",
            code: "wrong_type"
        ),
        Mistake(
            json: input(#""name":"image","datatype":"FP32","shape":[1,784],"data":[\#(zeros)]"#),
            phrase: "has the shape [1, 784], but \"fashion\" takes FP32 [-1, 1, 28, 28]",
            code: "wrong_shape"
        ),
        Mistake(
            json: input(#""name":"picture","datatype":"FP32","shape":[1],"data":[1]"#),
            phrase: "no input \"picture\"",
            code: "unknown_input"
        ),
        Mistake(json: "{\"inputs\":[\(good),\(good)]}", phrase: "given twice"),
        Mistake(
            json: "{\"inputs\":[\(good)],\"outputs\":[{\"name\":\"nothing\"}]}",
            phrase: "no output or layer \"nothing\""
        ),
        Mistake(
            json: "{\"inputs\":[\(good)],\"outputs\":[{}]}",
            phrase: "outputs[0] has no \"name\""
        ),
        Mistake(
            json: "{\"inputs\":[\(good)],\"parameters\":{\"triton_x\":1}}",
            phrase: "\"triton_x\" is reserved"
        ),
        Mistake(
            json:
                "{\"inputs\":[\(good)],\"parameters\":{\"sequence_id\":7,\"sequence_start\":true}}",
            phrase: "no state that goes from request to request",
            code: "no_state"
        ),
        Mistake(
            json: input(
                #""name":"image","datatype":"FP32","shape":[1],"parameters":{"shared_memory_region":"r"}"#
            ),
            phrase: "shared memory"
        ),
        Mistake(
            json: input(
                #""name":"image","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":8}"#
            ),
            binary: [0, 0, 0, 0],
            phrase: "4 are left in the body",
            code: "wrong_size"
        ),
        Mistake(
            json: input(
                #""name":"image","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":4}"#
            ),
            binary: [0, 0, 0, 0],
            phrase: "takes 8 bytes, not 4"
        ),
        Mistake(
            json: "{\"inputs\":[\(good)]}",
            binary: [1, 2],
            phrase: "2 bytes follow the tensors"
        ),
        Mistake(
            json: "{\"inputs\":[\(good)]}",
            length: "99999",
            phrase: "Inference-Header-Content-Length"
        ),
        Mistake(
            json: "{\"inputs\":[\(good)]}",
            length: "-1",
            phrase: "Inference-Header-Content-Length"
        ),
        Mistake(json: "abc", length: "0", phrase: "no multiple of 3136"),
    ]

    @Test(arguments: mistakes)
    func `each is refused with what the model takes`(mistake: Mistake) throws {
        let text = Array(mistake.json.utf8)
        let length = mistake.length ?? (mistake.binary.isEmpty ? nil : String(text.count))
        let reply = try Reply(
            "POST",
            "/v2/models/fashion/infer",
            length.map { [("Inference-Header-Content-Length", $0)] } ?? [],
            body: text + mistake.binary
        )
        #expect(reply.status == 400, "\(reply.text)")
        let document = try reply.json()
        let sentence = try #require(document["error"] as? String)
        #expect(sentence.contains(mistake.phrase), "\(sentence)")
        if let code = mistake.code { #expect(document["code"] as? String == code) }
        guard document["signature"] != nil else { return }
        #expect(sentence.contains("image FP32 [-1, 1, 28, 28]"), "\(sentence)")
        #expect(sentence.contains(#"{"inputs": [{"name": "image""#), "\(sentence)")
    }

    @Test func `models and versions that are not there are 404`() throws {
        for (target, code) in [
            ("/v2/models/none", "unknown_model"), ("/v2/models/none/ready", "unknown_model"),
            ("/v2/models/fashion/versions/77", "unknown_version"),
            ("/v2/nothing", "unknown_route"),
        ] {
            let reply = try Reply("GET", target)
            #expect(reply.status == 404)
            #expect(try reply.json()["code"] as? String == code)
        }
        #expect(try Reply("GET", "/v2/models/fashion/infer").status == 405)
    }

    @Test func `the repository is changed over HTTP only where that is configured`() throws {
        #expect(try Reply("POST", "/v2/repository/index").status == 200)
        let locked = try Reply("POST", "/v2/repository/models/fashion/unload")
        #expect(locked.status == 403)
        #expect(try locked.json()["code"] as? String == "repository_locked")
        let service = Fixture.service { $0.repositoryChanges = true }
        func post(_ target: String, _ body: String = "") throws -> Reply {
            try Reply("POST", "/v2/repository/\(target)", body: Array(body.utf8), from: service)
        }
        #expect(try post("models/lenet/unload").status == 200)
        let unloaded = try Reply("GET", "/v2/models/lenet", from: service)
        #expect(unloaded.status == 404)
        #expect(try unloaded.json()["code"] as? String == "model_not_served")
        #expect(try Reply("GET", "/v2/models/lenet/ready", from: service).status == 503)
        #expect(try post("index", #"{"ready":true}"#).text.contains("\"lenet\"") == false)
        #expect(try post("index").text.contains(#""reason":"unloaded""#))
        #expect(try post("models/lenet/load", "{}").status == 200)
        #expect(try Reply("GET", "/v2/models/lenet/ready", from: service).status == 200)
        for name in ["..", "%2e%2e%2fup", "none", "a%2Fb"] {
            #expect(try post("models/\(name)/load", "{}").status == 404)
        }
        let override = #"{"parameters":{"config":"{}"}}"#
        #expect(try post("models/lenet/load", override).status == 400)
    }
}
