import Foundation
import Graph
import Testing

@testable import Service

/// What one request may make the server hold, with limits made small.
@Suite struct BoundTests {
    private let service = Fixture.service {
        $0.answerNumbers = 1000
        $0.maximumPixels = 2000
    }

    private func reply(_ target: String, _ type: String, _ body: [UInt8]) throws -> Reply {
        try Reply("POST", target, [("Content-Type", type)], body: body, from: service)
    }

    private func text(_ count: Int) -> [UInt8] {
        Array("{\"text\":\"\(String(repeating: "a", count: count))\"}".utf8)
    }

    @Test func `an answer of too many numbers is refused before it is computed`() throws {
        let shirt = try Fixture.file(Fixture.shirt)
        let cases: [(target: String, body: [UInt8], status: Int)] = [
            ("/models/fashion/features?layer=conv1", shirt, 413),
            ("/models/fashion/features?layer=conv1&pool=mean", shirt, 200),
            ("/models/fashion/features?layer=logits", shirt, 200),
            ("/models/scripture/encode?all=true", text(2), 413),
            ("/models/scripture/encode?all=true", text(1), 200),
            ("/models/scripture/encode", text(300), 200),
            ("/models/scripture/next?all=true&top=10", text(101), 413),
            ("/models/scripture/next?all=true&top=10", text(100), 200),
        ]
        for (target, body, status) in cases {
            let reply = try reply(target, "application/octet-stream", body)
            #expect(reply.status == status, "\(target): \(reply.text)")
            guard status == 413 else { continue }
            #expect(try reply.json()["code"] as? String == "answer_too_large")
            #expect(reply.text.contains("limit of 1000"))
        }
    }

    @Test func `the pictures of a form are bounded together`() throws {
        let shirt = try Fixture.file(Fixture.shirt)
        func form(_ count: Int) -> [UInt8] {
            var body: [UInt8] = []
            for _ in 0..<count {
                let head = "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n"
                body += Array(head.utf8) + shirt + Array("\r\n".utf8)
            }
            return body + Array("--b--\r\n".utf8)
        }
        for (count, status) in [(2, 200), (3, 413)] {
            let reply = try reply(
                "/models/fashion/classify",
                "multipart/form-data; boundary=b",
                form(count)
            )
            #expect(reply.status == status, "\(reply.text)")
        }
    }

    @Test func `the pictures of a tensor are bounded together`() throws {
        let service = Fixture.service { $0.maximumPixels = 2000 }
        let shirt = try Fixture.file(Fixture.shirt)
        let text = Data(shirt).base64EncodedString()
        for (count, status) in [(2, 200), (3, 413)] {
            let row = #"{"b64":"\#(text)"}"#
            let rows = Array(repeating: row, count: count).joined(separator: ",")
            var binary: [UInt8] = []
            BinaryTensors.append(.strings(Array(repeating: shirt, count: count)), to: &binary)
            let head = Array(
                #"{"inputs":[{"name":"image","shape":[\#(count)],"datatype":"BYTES","parameters":{"binary_data_size":\#(binary.count)}}]}"#
                    .utf8
            )
            let replies = [
                try Reply(
                    "POST",
                    "/v1/models/fashion:predict",
                    body: Array(#"{"instances":[\#(rows)]}"#.utf8),
                    from: service
                ),
                try Reply(
                    "POST",
                    "/v2/models/fashion/infer",
                    [("Inference-Header-Content-Length", "\(head.count)")],
                    body: head + binary,
                    from: service
                ),
            ]
            for reply in replies {
                #expect(reply.status == status, "\(reply.text)")
                #expect(status == 200 || reply.text.contains("2000 pixels together"))
            }
        }
    }
}
