import Files
import Foundation
import HTTP
import Models
import Onnx
import Testing

@testable import Service

@Suite struct `Entity tags` {
    @Test(
        arguments: [
            "/models/v1/kernels", "/models/scripture/graph", "/openapi.json", "/models/fashion",
        ]
    )
    func `what a client has is not sent again`(target: String) throws {
        let first = try Reply("GET", target)
        let tag = try #require(first.header("ETag"))
        let opaque = String(tag.dropFirst(2))
        for field in [tag, opaque, "\"x\", \(tag)", "*"] {
            let again = try Reply("GET", target, [("If-None-Match", field)])
            #expect(again.status == 304)
            #expect(again.response.body.isEmpty)
            #expect(again.header("ETag") == tag)
            #expect(again.headers("Vary").last == "Accept-Encoding")
        }
        let packed = try Reply(
            "GET",
            target,
            [("If-None-Match", "\"x\""), ("Accept-Encoding", "gzip")]
        )
        #expect(packed.status == 200)
        #expect(packed.header("ETag") == tag)
    }

    @Test func `a model that took another's place is shown anew`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = Fixture.package.appending(path: "config/models/brackets")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: source, to: folder.appending(path: "brackets"))
        let service = Fixture.service(folders: [folder]) { _ in }
        let tag = try #require(
            try Reply("GET", "/models/brackets", from: service).header("ETag")
        )
        let fields = [("If-None-Match", tag)]
        let again = try Reply("GET", "/models/brackets", fields, from: service)
        #expect(again.status == 304)
        #expect(again.header("Content-Type") == nil)

        let manifest = folder.appending(path: "brackets/model.json")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        let changed = text.replacing("\"version\": \"1\"", with: "\"version\": \"2\"")
        #expect(changed != text)
        try changed.write(to: manifest, atomically: true, encoding: .utf8)
        // Files are read when two looks found the same.
        for _ in 0..<2 { service.repository.refresh() }
        #expect(try Reply("GET", "/models/brackets", fields, from: service).status == 200)
    }

    @Test func `another form and another query have another tag`() throws {
        let target = "/models/v1/kernels"
        let png = try Reply("GET", target).header("ETag")
        let json = try Reply("GET", target, [("Accept", "application/json")]).header("ETag")
        #expect(png != json)
        let circuit = try Reply("GET", "/models/scripture/graph").header("ETag")
        #expect(try circuit != Reply("GET", "/models/scripture/graph?unfold=3").header("ETag"))
    }

    @Test func `what changes from answer to answer has none`() throws {
        #expect(try Reply("GET", "/metrics").header("ETag") == nil)
        #expect(try Reply("GET", "/models/nobody").header("ETag") == nil)
    }
}
