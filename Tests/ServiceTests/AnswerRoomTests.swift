import Compute
import Foundation
import Logging
import Models
import Testing

@testable import Service

/// Answers are counted against the memory of a request before they are made.
@Suite struct AnswerRoomTests {
    /// y [n] = -x [n], as an ONNX file.
    private static let negation =
        "CAoSADo0CgsKAXgSAXkiA05lZxIBZ1oQCgF4EgsKCQgBEgUKAxIBbmIQCgF5EgsKCQgBEgUKAxIBbkIECgAQEg=="

    /// The model with so many bytes for a request, and for the process.
    private static func service(request: Int, process: Int = .max) throws -> Service {
        let root = FileManager.default.temporaryDirectory.appending(
            path: "striate-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        try #require(Data(base64Encoded: negation)).write(to: root.appending(path: "negation.onnx"))
        let repository = ModelRepository(
            folders: [root],
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 1, memory: MemoryLedger(limit: process)),
            memoryLimit: request
        )
        #expect(repository.failures.isEmpty, "\(repository.failures)")
        return Service(
            repository: repository,
            configuration: Configuration(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    private static func reply(
        _ numbers: Int,
        _ path: String = "/v2/models/negation/infer",
        isBinary: Bool = false,
        from service: Service
    ) throws -> Reply {
        let list = (0..<numbers).map { "\($0 % 10)" }.joined(separator: ",")
        let wish = isBinary ? #", "parameters": {"binary_data_output": true}"# : ""
        let body =
            path.contains("/v1/")
            ? #"{"inputs": [\#(list)]}"#
            : #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [\#(numbers)], "data": [\#(list)]}]\#(wish)}"#
        return try Reply("POST", path, body: Array(body.utf8), from: service)
    }

    @Test func `a text beyond the memory of a request is refused, and binary data are advised`()
        throws
    {
        let service = try Self.service(request: 1 << 20)
        #expect(try Self.reply(40_000, from: service).status == 200)
        let refused = try Self.reply(60_000, from: service)
        #expect(refused.status == 413, "\(refused.text)")
        #expect(try refused.json()["code"] as? String == "answer_too_large")
        #expect(refused.text.contains("binary data"))
        #expect(try Self.reply(60_000, isBinary: true, from: service).status == 200)
        let rows = try Self.reply(60_000, "/v1/models/negation:predict", from: service)
        #expect(rows.status == 413, "\(rows.text)")
    }

    @Test func `what others hold leaves no room, and is given back`() throws {
        let service = try Self.service(request: 1 << 20, process: 1 << 20)
        for _ in 0..<20 { #expect(try Self.reply(40_000, from: service).status == 200) }
        let narrow = try Self.service(request: 1 << 20, process: 800_000)
        let refused = try Self.reply(40_000, from: narrow)
        #expect(refused.status == 503, "\(refused.text)")
        #expect(try Self.reply(20_000, from: narrow).status == 200)
    }

    @Test func `classes are counted before they are named`() throws {
        let service = try Self.service(request: 1 << 20)
        for (classes, status) in [(20, 200), (20_000, 413)] {
            let list = (0..<20_000).map { "\($0 % 10)" }.joined(separator: ",")
            let body =
                #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [20000], "data": [\#(list)]}], "#
                + #""outputs": [{"name": "y", "parameters": {"classification": \#(classes)}}]}"#
            let reply = try Reply(
                "POST",
                "/v2/models/negation/infer",
                body: Array(body.utf8),
                from: service
            )
            #expect(reply.status == status, "\(reply.text.prefix(300))")
        }
    }
}
