import Foundation
import Testing

@testable import Service

/// What other servers let their clients change over HTTP: read here, and refused with a sentence.
@Suite struct `Settings and labels of other protocols` {
    @Test func `settings of logs and traces are read`() throws {
        let logging = try Reply("GET", "/v2/logging", from: Fixture.service)
        #expect(logging.status == 200)
        #expect(try logging.json()["log_error"] as? Bool == true)
        for path in ["/v2/trace/setting", "/v2/models/fashion/trace/setting"] {
            let tracing = try Reply("GET", path, from: Fixture.service)
            #expect(tracing.status == 200, "\(tracing.text)")
            #expect(try tracing.json()["trace_level"] as? [String] == ["OFF"])
        }
    }

    @Test(arguments: ["/v2/logging", "/v2/trace/setting", "/v2/models/fashion/trace/setting"])
    func `settings are not changed over HTTP`(_ path: String) throws {
        let body = Array(#"{"log_verbose_level": 1}"#.utf8)
        let reply = try Reply("POST", path, body: body, from: Fixture.service)
        #expect(reply.status == 400 && reply.text.contains("configuration"), "\(reply.text)")
    }

    @Test(arguments: [":predict", ":classify"])
    func `labels of versions are unknown`(_ rest: String) throws {
        let path = "/v1/models/fashion/labels/stable" + rest
        let reply = try Reply("POST", path, body: Array("{}".utf8), from: Fixture.service)
        #expect(reply.status == 404 && reply.text.contains("stable"), "\(reply.text)")
    }
}
