import Foundation
import Testing

/// The built program under curl, serving a recursive network without weights.
@Suite(.serialized) struct TreeServerTests {
    private static let model = """
        {"name": "folds", "task": "tree-classification", "labels": "labels.txt",
         "input": {"name": "tokens", "vocabulary": "vocabulary.json"},
         "tree": {"leaf": "leaf", "children": "children", "composed": "composed", "node": "node", "width": 4},
         "layers": [
          {"name": "leaf", "op": "OneHot"},
          {"name": "composed", "op": "Maxout", "group": 2, "inputs": ["children"]},
          {"name": "label", "op": "Softmax", "inputs": ["node"]}
         ],
         "outputs": ["label"]}
        """

    private func serve<Result>(_ body: (LiveServer) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "folds-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in [
            ("model.json", Self.model), ("vocabulary.json", #"["a", "b", "3", "d"]"#),
            ("labels.txt", "one\ntwo\nthree\nfour\n"),
        ] {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        return try body(LiveServer(["--models", folder.path]))
    }

    @Test func `answers trees and names mistakes in them`() throws {
        try serve { server in
            let good = try server.curl(
                "/models/folds/tree?nodes=true&vectors=true",
                body: Data(#"{"tree":["a",["b",3],"d"]}"#.utf8)
            )
            #expect(good.status == 200, "\(good.text)")
            #expect(good.text.contains("\"height\":3,\"vector\":[1.0,1.0,0.0,1.0]"), "\(good.text)")
            #expect(good.text.contains(#""path":"tree[1]","items":2,"expression":"[b, 3]""#))
            let csv = try server.curl(
                "/models/folds/tree?nodes=true",
                ["-H", "Accept: text/csv"],
                body: Data(#"{"tree":["a",["b",3]]}"#.utf8)
            )
            #expect(csv.head.contains("Content-Type: text/csv"))
            #expect(csv.text.contains("tree[1],2,\"[b, 3]\",1,one,0,"), "\(csv.text)")
            let deep = String(repeating: "[", count: 100_000)
            let wide = Array(repeating: "\"a\"", count: 20_001).joined(separator: ",")
            for (body, status, code, phrase) in [
                (#"{"tree":["a",["b","x"]]}"#, 400, "invalid_value", "tree[1][1]"),
                (#"{"tree":["a",[]]}"#, 400, "invalid_value", "at least one item"),
                (#"{"tree":["a",{}]}"#, 400, "invalid_value", "a list or a symbol"),
                (#"{"trees":["a"]}"#, 400, "unknown_field", "known here: tree"),
                ("{\"tree\":\(deep)", 400, "", "64 deep"),
                ("{\"tree\":[\(wide)]}", 413, "sequence_too_long", "20000"),
            ] {
                let reply = try server.curl("/models/folds/tree", body: Data(body.utf8))
                #expect(reply.status == status, "\(reply.text)")
                let document = try reply.json()
                #expect(code.isEmpty || document["code"] as? String == code, "\(reply.text)")
                #expect((document["error"] as? String)?.contains(phrase) == true, "\(reply.text)")
            }
            let png = ["-H", "Accept: image/png"]
            let refused = try server.curl("/models/folds/tree", png, body: Data("{}".utf8))
            #expect(refused.status == 406, "\(refused.text)")
        }
    }
}
