import HTTP
import Testing

@testable import Service

/// The parameter `priority` of the Open Inference Protocol, read before a request waits.
@Suite struct `Request priority` {
    private func level(
        _ json: String,
        tensors: [UInt8] = [],
        coding: String? = nil,
        route: Route = Infer.routes[0]
    ) throws -> Int {
        var headers: [(String, String)] = []
        if !tensors.isEmpty {
            headers.append(("Inference-Header-Content-Length", "\(json.utf8.count)"))
        }
        if let coding { headers.append(("Content-Encoding", coding)) }
        let request = try Request(
            "POST",
            "/v2/models/fashion/infer",
            headers: headers,
            body: Bytes(Array(json.utf8) + tensors)
        )
        return try Fixture.service.call(
            request,
            (route, PathParameters(model: "fashion")),
            nil
        ).level
    }

    @Test(arguments: [
        (#"{"parameters":{"priority":1},"inputs":[]}"#, -1),
        (#"{"inputs":[{"name":"priority"}],"parameters":{"priority":2}}"#, 1),
        (#"{"parameters":{"priority":9,"x":"\"priority\""}}"#, 8),
        (#"{"parameters":{"priority":0}}"#, 0),
        (#"{"parameters":{"timeout":5},"inputs":[]}"#, 0),
        (#"{"parameters":null,"priority":3}"#, 0),
        (#"{"inputs":[{"parameters":{"priority":3}}]}"#, 0),
        (#"{"parameters":{"priority":-4}}"#, 0),
        (#"{"parameters":{"priority":"high"}}"#, 0),
        (#"{"parameters":{"priority":"#, 0),
        ("", 0),
    ])
    func `1 goes first, then those without, then larger numbers`(json: String, expected: Int) throws
    {
        #expect(try level(json) == expected)
        #expect(try level(json, tensors: [1, 2, 3]) == expected)
    }

    @Test func `a long text, a compressed one and another route's have none`() throws {
        let json = #"{"parameters":{"priority":1}}"#
        #expect(try level(json, coding: "gzip") == 0)
        #expect(try level(json, route: Health.route) == 0)
        #expect(try level(json + String(repeating: " ", count: 1 << 20)) == 0)
        #expect(try level(json, tensors: Array(repeating: 34, count: 1 << 20)) == -1)
    }
}
