import Foundation
import Models
import Testing

@testable import Service

/// Sessions under the names of other protocols.
@Suite struct `Sessions of other protocols` {
    private let service = Fixture.service { _ in }

    private func send(
        _ target: String,
        _ body: String,
        _ headers: [(String, String)] = []
    ) throws -> Reply {
        try Reply("POST", target, headers, body: Array(body.utf8), from: service)
    }

    @Test func `SageMaker begins, steps and closes them`() throws {
        let header = "X-Amzn-SageMaker-Session-Id"
        let target = ("X-Amzn-SageMaker-Target-Model", "scripture")
        // The first request is a step already.
        let first = try send("/invocations", #"{"text":"In "}"#, [(header, "NEW_SESSION"), target])
        #expect(first.status == 200, "\(first.text)")
        let parts = try #require(first.header(header)).components(separatedBy: "; Expires=")
        #expect(parts.count == 2 && parts[0].count == 36)
        // From then on the session knows its model.
        let second = try send("/invocations", #"{"text":"the "}"#, [(header, parts[0])])
        #expect(second.status == 200, "\(second.text)")
        let whole = try send("/models/scripture/next", #"{"text":"In the "}"#)
        #expect(try second.member("next") == whole.member("next"))
        // It is one session under both names.
        let same = try Reply("GET", "/sessions/\(parts[0])", from: service)
        #expect(try same.json()["position"] as? Int == 7)
        let closed = try send("/invocations", #"{"requestType":"CLOSE"}"#, [(header, parts[0])])
        #expect(closed.header("X-Amzn-SageMaker-Closed-Session-Id") == parts[0])
        #expect(try send("/invocations", #"{"text":"a"}"#, [(header, parts[0])]).status == 404)
        let empty = try send(
            "/invocations",
            #"{"requestType":"NEW_SESSION"}"#,
            [(header, "NEW_SESSION"), target]
        )
        #expect(empty.status == 200 && empty.header(header) != nil, "\(empty.text)")
        let stateless = ("X-Amzn-SageMaker-Target-Model", "fashion")
        let refused = try send("/invocations", "{}", [(header, "NEW_SESSION"), stateless])
        #expect(try refused.json()["code"] as? String == "no_state")
        // A first step that fails begins nothing.
        let count = service.host.sessions.figures.count
        #expect(
            try send("/invocations", #"{"txt":1}"#, [(header, "NEW_SESSION"), target]).status == 400
        )
        #expect(service.host.sessions.figures.count == count)
    }

    private func infer(_ tokens: [Int], _ parameters: String) throws -> Reply {
        let data = tokens.map(String.init).joined(separator: ",")
        return try send(
            "/v2/models/scripture/infer",
            #"{"inputs":[{"name":"tokens","datatype":"INT64","shape":[\#(tokens.count),1],"data":[\#(data)]}],"#
                + #""parameters":{\#(parameters)}}"#
        )
    }

    private func outputs(_ reply: Reply) throws -> [Double] {
        #expect(reply.status == 200, "\(reply.text)")
        let outputs = try #require(try reply.json()["outputs"] as? [[String: Any]])
        return try #require(outputs.first?["data"] as? [Double])
    }

    @Test func `V2's sequences and states are the same`() throws {
        let whole = try outputs(infer([5, 9, 13, 2], #""sequence_id":77,"sequence_start":true"#))
        let width = whole.count / 4
        var pieces: [Double] = []
        for (index, token) in [5, 9, 13, 2].enumerated() {
            let start = index == 0 ? #","sequence_start":true"# : ""
            pieces += try outputs(infer([token], #""sequence_id":78\#(start)"#))
        }
        #expect(pieces == whole)
        // By tokens, one symbol and several at a time.
        var state = ""
        var travelled: [Double] = []
        for piece in [[5], [9, 13], [2]] {
            let given = state.isEmpty ? "" : #""state":"\#(state)","#
            let reply = try infer(piece, #"\#(given)"return_state":true"#)
            travelled += try outputs(reply)
            let parameters = try #require(try reply.json()["parameters"] as? [String: Any])
            state = try #require(parameters["state"] as? String)
            #expect(parameters["position"] as? Int == travelled.count / width)
        }
        #expect(travelled == whole)
        // A session takes the same body.
        let begun = try send("/sessions", #"{"model":"scripture","state":"\#(state)"}"#)
        #expect(try begun.json()["position"] as? Int == 4)
        let list = try Reply("GET", "/sessions", from: service).json()["sessions"]
        let names = (list as? [[String: Any]])?.compactMap { $0["sequence_id"] as? String }
        #expect(names?.sorted() == ["77", "78"])
    }

    @Test func `rows of a series go on from step to step, as JSON and CSV`() throws {
        let root = FileManager.default.temporaryDirectory
            .appending(path: "striate-series-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let folder = root.appending(path: "beats")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let manifest = """
            {"name": "beats", "task": "series-classification", "labels": ["a", "b"], "outputs": ["p"],
             "input": {"name": "series", "series": true, "channels": 3},
             "layers": [{"name": "turn", "op": "Transpose", "perm": [2, 0, 1]},
                        {"name": "cell", "op": "LSTM", "returns": "last"},
                        {"name": "out", "op": "Gemm"}, {"name": "p", "op": "Softmax"}]}
            """
        try Data(manifest.utf8).write(to: folder.appending(path: "model.json"))
        let shapes = [
            "cell.W": [1, 16, 3], "cell.R": [1, 16, 4], "out.weight": [2, 4], "out.bias": [2],
        ]
        try SmallModels.safeTensors(shapes)
            .write(to: folder.appending(path: "model.safetensors"))
        let service = Fixture.service(folders: [root]) { _ in }
        #expect(service.repository.failures.isEmpty, "\(service.repository.failures)")
        func send(
            _ target: String,
            _ body: String,
            _ type: String = "application/json"
        ) throws
            -> Reply
        {
            let reply = try Reply(
                "POST",
                target,
                [("Content-Type", type)],
                body: Array(body.utf8),
                from: service
            )
            #expect(reply.status < 300, "\(reply.text)")
            return reply
        }
        let whole = try send(
            "/models/beats/classify",
            #"{"series":[[1,2,3,4,5],[0,1,0,1,0],[2,2,1,1,0]]}"#
        )
        _ = try send("/sessions", #"{"model":"beats","id":"b"}"#)
        _ = try send("/sessions/b/step", #"{"series":[[1,2],[0,1],[2,2]]}"#)
        _ = try send("/sessions/b/step", "3,0,1\n4,1,1\n", "text/csv")
        let last = try send("/sessions/b/step", #"{"series":[[5],[0],[0]]}"#)
        #expect(try last.member("predictions") == whole.member("predictions"))
        #expect(try last.json()["position"] as? Int == 5)
    }
}
