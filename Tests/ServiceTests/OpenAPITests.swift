import Foundation
import HTTP
import Models
import TensorFormats
import Testing

@testable import Service

@Suite struct `The document of the interface` {
    private let service = Fixture.service
    private let document: [String: Any]

    init() throws {
        document = try Reply("GET", "/openapi.json").json()
    }

    @Test func `has a path for every resource, and an operation for every route`() throws {
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        #expect(Set(paths.keys) == Set(service.router.resources.map(\.template)))
        var identifiers: [String] = []
        for resource in service.router.resources {
            for route in resource.routes {
                let name = route.method.rawValue.lowercased()
                let operation = try #require(paths[resource.template]?[name] as? [String: Any])
                identifiers.append(try #require(operation["operationId"] as? String))
                #expect((operation["summary"] as? String)?.isEmpty == false)
                #expect((operation["tags"] as? [String])?.count == 1)
                let statuses = (operation["responses"] as? [String: Any])?.keys.sorted() ?? []
                let success = String(route.document.success.code)
                #expect(
                    statuses.first == success && statuses.contains("503"),
                    "\(resource.template)"
                )
            }
        }
        #expect(Set(identifiers).count == identifiers.count)
        #expect(identifiers.contains("post_model_classify"))
        #expect(identifiers.contains("get_v2_models_stats"))
        #expect(identifiers.contains("get_v2_model_version_stats"))
    }

    @Test func `names its types once, and every reference leads to one`() throws {
        let components = try #require(document["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: Any])
        let text = try Reply("GET", "/openapi.json").text
        let references = Set(text.matches(of: /#\/components\/schemas\/(\w+)/).map { String($0.1) })
        #expect(references.isSubset(of: schemas.keys))
        #expect(references.contains("Prediction") && references.contains("InferRequest"))
    }

    @Test(
        arguments: [
            ("/sessions", "post", ["201", "404", "409", "429"]),
            ("/sessions/{session}", "delete", ["204", "404", "410"]),
            ("/sessions/{session}/step", "post", ["200", "404", "409", "410"]),
            ("/sessions/{session}/state", "put", ["200", "404", "409", "410"]),
            ("/sessions/{session}/branch", "post", ["201", "404", "409", "410", "429"]),
            ("/models/{model}/stream", "get", ["101", "400", "404", "426"]),
            ("/models/{model}", "get", ["200", "304", "404"]),
            ("/models/{model}/next", "post", ["200", "400", "409", "504"]),
        ] as [(String, String, [String])]
    )
    func `names the statuses of sessions, sockets and caches`(
        path: String,
        method: String,
        statuses: [String]
    ) throws {
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let operation = try #require(paths[path]?[method] as? [String: Any])
        let responses = try #require(operation["responses"] as? [String: Any])
        #expect(responses.keys.filter(statuses.contains).count == statuses.count)
        let hasContent = try #require(responses[statuses[0]] as? [String: Any])["content"] != nil
        #expect(hasContent == (statuses[0] == "200" || statuses[0] == "201"))
    }

    @Test func `has an example of every JSON that is sent and answered`() throws {
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        for (path, operations) in paths {
            for (method, operation) in operations {
                let responses = operation["responses"] as? [String: [String: Any]] ?? [:]
                let bodies =
                    [operation["requestBody"] as? [String: Any]]
                    + ["200", "201"].map { responses[$0] }
                for body in bodies {
                    let content = body?["content"] as? [String: [String: Any]] ?? [:]
                    guard let json = content["application/json"] else { continue }
                    #expect(json["example"] != nil, "\(method) \(path)")
                }
            }
        }
    }

    @Test func `its examples of answers are as the answers`() throws {
        var compared = 0
        for route in service.router.resources.flatMap(\.routes) where route.method == .get {
            guard let example = route.document.answerExample, route.template != "/ping" else {
                continue
            }
            let operation = OpenAPIOperation(route: route, models: service.host.repository.models)
            guard let path = operation.examplePath else { continue }
            let accept = [("Accept", "application/json")]
            let reply = try Reply("GET", path, accept, from: service)
            #expect(reply.status == 200, "\(path): \(reply.text)")
            let shown = try JSONSerialization.jsonObject(with: Data(example.text))
            Self.compare(shown, try reply.json(), path)
            compared += 1
        }
        #expect(compared > 20)
    }

    /// What an example shows has the kind of what was answered; on the first level it shows all there is.
    private static func compare(_ shown: Any, _ answered: Any, _ place: String, depth: Int = 0) {
        switch (shown, answered) {
        case (let shown as [String: Any], let answered as [String: Any]):
            if depth == 0 { #expect(Set(shown.keys) == Set(answered.keys), "\(place)") }
            for (key, value) in shown {
                if let other = answered[key] {
                    compare(value, other, "\(place).\(key)", depth: depth + 1)
                } else {
                    Issue.record("\(place) has no \(key)")
                }
            }
        case (let shown as [Any], let answered as [Any]):
            guard let first = shown.first, let other = answered.first else { return }
            compare(first, other, place + "[]", depth: depth + 1)
        case (is String, is String), (is NSNumber, is NSNumber), (is NSNull, _), (_, is NSNull):
            break
        default: Issue.record("\(place): \(shown) stands for \(answered)")
        }
    }

    @Test func `its examples of requests are taken`() throws {
        for (path, model) in [
            ("classify", "brackets"), ("next", "scripture"), ("score", "scripture"),
            ("generate", "scripture"), ("encode", "scripture"), ("tree", "listops"),
        ] {
            let resource = try #require(
                service.router.resources.first { $0.template == "/models/{model}/\(path)" }
            )
            let example = try #require(resource.routes[0].document.requestExample)
            let reply = try Reply("POST", "/models/\(model)/\(path)", body: example.text)
            #expect(reply.status == 200, "\(path): \(reply.text)")
        }
    }
}

extension OpenAPIOperation {
    /// The path with the examples of its parameters; nil where one has none.
    var examplePath: String? {
        var parts: [Substring] = []
        for part in route.template.split(separator: "/") {
            guard case .parameter(let parameter, let rest) = Segment(part) else {
                parts.append(part)
                continue
            }
            guard let example = example(of: parameter) else { return nil }
            parts.append(Substring(example + rest))
        }
        return "/" + parts.joined(separator: "/")
    }
}
