import Compute
import Files
import Foundation
import HTTP
import Logging
import Models
import Testing

@testable import Service

/// Trees through a recursive network without weights: leaves are one-hot, two children become the maxima
/// of neighbouring numbers, and the readout is their softmax.
@Suite struct `Tree routes` {
    private static let service = Result { try makeService() }

    private static func makeService() throws -> Service {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "striate-trees-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = [
            "model.json": """
            {"name": "folds", "task": "tree-classification", "labels": "labels.txt",
             "input": {"name": "tokens", "vocabulary": "vocabulary.json"},
             "tree": {"leaf": "leaf", "children": "children", "composed": "composed",
                      "node": "node", "width": 4},
             "layers": [
              {"name": "leaf", "op": "OneHot"},
              {"name": "composed", "op": "Maxout", "group": 2, "inputs": ["children"]},
              {"name": "label", "op": "Softmax", "inputs": ["node"]}
             ],
             "outputs": ["label"]}
            """,
            "vocabulary.json": #"["a", "b", "3", "d"]"#,
            "labels.txt": "one\ntwo\nthree\nfour\n",
        ]
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        let repository = ModelRepository(
            folders: [folder],
            kernels: KernelSet.supported[0],
            workers: Workers(count: 1)
        )
        #expect(repository.failures.isEmpty, "\(repository.failures)")
        return Service(
            repository: repository,
            configuration: Configuration(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private func post(_ target: String, _ body: String, accept: String? = nil) throws -> Reply {
        try Reply(
            "POST",
            "/models/folds/\(target)",
            accept.map { [("Accept", $0)] } ?? [],
            body: Array(body.utf8),
            from: Self.service.get()
        )
    }

    @Test func `the root is what folding from the left gives`() throws {
        let reply = try post("tree?vectors=true", #"{"tree":["a",["b",3],"d"]}"#)
        #expect(reply.status == 200, "\(reply.text)")
        let document = try reply.json()
        #expect(document["leaves"] as? Int == 4)
        #expect(document["compositions"] as? Int == 3)
        #expect(document["height"] as? Int == 3)
        // b 3 -> [1, 0, 0, 1]; a with it -> [1, 0, 1, 1]; that with d -> [1, 1, 0, 1].
        #expect(document["vector"] as? [Double] == [1, 1, 0, 1])
        let list = try #require(document["predictions"] as? [[String: Any]])
        #expect(list.map { $0["label"] as? String } == ["one", "two", "four", "three"])
        let sum = list.compactMap { $0["probability"] as? Double }.reduce(0, +)
        #expect(abs(sum - 1) < 1e-6)
    }

    @Test func `every node is shown with its place, expression and label`() throws {
        let reply = try post("tree?nodes=true", #"{"tree":["a",["b",3],["d"]]}"#)
        let nodes = try #require(try reply.json()["nodes"] as? [[String: Any]])
        let places = nodes.map {
            "\($0["path"] ?? "") \($0["items"] ?? "") \($0["expression"] ?? "")"
        }
        #expect(
            places == [
                "tree[0] 1 a", "tree[1][0] 1 b", "tree[1][1] 1 3", "tree[1] 2 [b, 3]",
                "tree 2 [a, [b, 3]]", "tree[2][0] 1 d", "tree 3 [a, [b, 3], d]",
            ]
        )
        #expect(nodes.map { $0["height"] as? Int } == [0, 0, 0, 1, 2, 0, 3])
        #expect(nodes[3]["leaves"] as? [Int] == [1, 3])
        #expect(nodes[0]["label"] as? String == "one")
        let csv = try post("tree?nodes=true", #"{"tree":["a",["b",3]]}"#, accept: "text/csv")
        let lines = csv.text.split(separator: "\r\n")
        #expect(lines.count == 6)
        #expect(lines[0] == "path,items,expression,height,label,index,probability")
        #expect(lines[4].hasPrefix("tree[1],2,\"[b, 3]\",1,one,0,"))
    }

    @Test func `a lone leaf and a list of one are the same tree`() throws {
        let leaf = try post("tree", #"{"tree":"b"}"#)
        #expect(leaf.status == 200, "\(leaf.text)")
        #expect(try post("tree", #"{"tree":["b"]}"#).text == leaf.text)
        #expect(try post("tree", #"{"tree":[[["b"]]]}"#).text == leaf.text)
    }

    @Test(arguments: [
        (#"{"tree":["a",["b","x"]]}"#, 400, "invalid_value", "tree[1][1]", "a, b, 3 or d"),
        (#"{"tree":["a",["b",2.5]]}"#, 400, "invalid_value", "tree[1][1]", "2.5"),
        (#"{"tree":["a",7]}"#, 400, "invalid_value", "tree[1]", "\"7\""),
        (#"{"tree":["a",[]]}"#, 400, "invalid_value", "tree[1]", "at least one item"),
        (#"{"tree":["a",{"b":1}]}"#, 400, "invalid_value", "tree[1]", "a list or a symbol"),
        (#"{"tree":null}"#, 400, "invalid_value", "tree", "a list or a symbol"),
        (#"{"tree":[true]}"#, 400, "invalid_value", "tree[0]", "a list or a symbol"),
        (#"{}"#, 400, "missing_field", "tree", "is missing"),
        (#"{"tre":["a"]}"#, 400, "unknown_field", "tre", "known here: tree"),
        (#"{"tree":["a"]} x"#, 400, "invalid_json", "", "follow"),
        (#"{"tree":["a""#, 400, "invalid_json", "", "a comma or ]"),
        ("", 400, "empty_body", "", "tree"),
    ])
    func `mistakes are named with their place`(
        body: String,
        status: Int,
        code: String,
        field: String,
        phrase: String
    ) throws {
        let reply = try post("tree", body)
        #expect(reply.status == status, "\(reply.text)")
        let document = try reply.json()
        #expect(document["code"] as? String == code, "\(reply.text)")
        #expect(field.isEmpty || document["field"] as? String == field, "\(reply.text)")
        let message = try #require(document["error"] as? String)
        #expect(message.contains(phrase), "\(message)")
    }

    @Test func `depth and number of leaves are bounded`() throws {
        let deep = String(repeating: "[", count: 40) + "\"a\"" + String(repeating: "]", count: 40)
        #expect(try post("tree", "{\"tree\":\(deep)}").status == 200)
        let deeper = String(repeating: "[", count: 100_000)
        let reply = try post("tree", "{\"tree\":\(deeper)")
        #expect(reply.status == 400)
        #expect(reply.text.contains("64 deep"), "\(reply.text)")
        let wide = Array(repeating: "\"a\"", count: TreeReader.mostLeaves + 1).joined(
            separator: ","
        )
        let many = try post("tree", "{\"tree\":[\(wide)]}")
        #expect(many.status == 413, "\(many.text)")
        #expect(many.text.contains("20000"))
    }

    @Test func `the model offers trees alone, and says so`() throws {
        let service = try Self.service.get()
        let detail = try Reply("GET", "/models/folds", from: service).json()
        #expect((detail["operations"] as? [String])?.first == "tree")
        for route in ["classify", "encode", "next"] {
            let reply = try post(route, #"{"text":"ab"}"#)
            #expect(reply.status == 400)
            #expect(reply.text.contains("it offers tree"), "\(reply.text)")
        }
        let document = try Reply("GET", "/openapi.json", from: service).text
        #expect(document.contains("Models that answer it: folds."))
    }
}
