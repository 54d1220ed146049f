import Files
import Foundation
import HTTP
import Models
import Onnx
import Testing

@testable import Service

@Suite struct `Examples` {
    private var models: [Model] { Fixture.service.repository.models }

    @Test func `every shipped model has some, and takes them as they are`() throws {
        for model in models {
            let listed = try Reply("GET", "/models/\(model.name)").json()["examples"] as? [String]
            #expect(listed == model.manifest.examples.map(\.name))
            #expect(listed?.isEmpty == false, "\(model.name)")
            // Feature maps of a photograph take long in a debug build; its preview reads it too.
            let operations = model.manifest.operations
            let operation = try #require(
                operations.first == "features" ? "preview" : operations.first
            )
            let route =
                model.manifest.task == .tensors
                ? "/v2/models/\(model.name)/infer" : "/models/\(model.name)/\(operation)"
            for name in listed ?? [] {
                let file = try Reply("GET", "/models/\(model.name)/examples/\(name)")
                #expect(file.status == 200)
                #expect(try file.response.body == Fixture.file("\(model.name)/examples/\(name)"))
                let type = try #require(file.header("Content-Type"))
                let answer = try Reply(
                    "POST",
                    route,
                    [("Content-Type", type)],
                    body: file.response.body
                )
                #expect(answer.status == 200, "\(model.name) \(name): \(answer.text)")
            }
        }
    }

    @Test func `keep their types and tags`() throws {
        for (target, type) in [
            ("fashion/examples/shirt.png", "image/png"),
            ("series/examples/speaker-4.csv", "text/csv; charset=utf-8"),
            ("language/examples/german.txt", "text/plain; charset=utf-8"),
            ("listops/examples/nested.json", "application/json"),
        ] {
            for accept in ["*/*", "image/avif,image/webp", "text/html"] {
                let reply = try Reply("GET", "/models/\(target)", [("Accept", accept)])
                #expect(reply.status == 200)
                #expect(reply.header("Content-Type") == type)
                let tag = try #require(reply.header("ETag"))
                let fields = [("If-None-Match", tag)]
                #expect(try Reply("GET", "/models/\(target)", fields).status == 304)
            }
        }
    }

    @Test func `an unknown one is named, beside those there are`() throws {
        for name in ["shirts.png", "kernels.png", "%2e%2e%2fmodel.json", "%2Fetc%2Fpasswd"] {
            let reply = try Reply("GET", "/models/fashion/examples/\(name)")
            #expect(reply.status == 404)
            let error = try reply.json()
            #expect(error["code"] as? String == "unknown_example")
            let sentence = try #require(error["error"] as? String)
            #expect(sentence.contains("shirt.png, sneaker.png and bag.png"))
        }
        #expect(try Reply("GET", "/models/nobody/examples/a.png").status == 404)
        #expect(try Reply("GET", "/models/fashion/examples").status == 404)
    }
}
