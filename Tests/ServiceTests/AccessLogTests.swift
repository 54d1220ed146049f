import Foundation
@testable import HTTP
import Synchronization
import Testing

@testable import Service
@testable import Telemetry

@Suite struct `The access log` {
    /// The lines of what `work` makes a service log.
    private func lines(
        _ format: LogFormat,
        of requests: [Request]
    ) throws -> [String] {
        let pipe = Pipe()
        let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let log = AccessLog(sink, format: format)
        let service = Fixture.service(folders: [], accessLog: log) { _ in }
        for request in requests {
            let response = service.respond(to: request)
            let record = AccessRecord(
                requestID: request.requestID,
                head: request.head,
                peer: nil,
                status: response.status,
                bytesIn: 1,
                bytesOut: 2,
                duration: .microseconds(1500),
                note: response.note,
                context: service.admitted(request).context
            )
            service.log(record)
        }
        sink.flush()
        try pipe.fileHandleForWriting.close()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `says why a request was refused, and to which trace it belongs`() throws {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let requests = [
            try Request(
                "GET",
                "/v2",
                headers: [("traceparent", parent), ("tracestate", "a=1")]
            ),
            try Request("GET", "/nothing", headers: [("X-Request-Id", "mine")]),
        ]
        let objects = try lines(.json, of: requests).map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            )
        }
        #expect(objects[0]["status"] as? Int == 200)
        #expect(objects[0]["reason"] == nil)
        #expect(objects[0]["trace_id"] as? String == "0af7651916cd43dd8448eb211c80319c")
        #expect(objects[0]["parent_id"] as? String == "b7ad6b7169203331")
        #expect(objects[0]["tracestate"] as? String == "a=1")
        #expect(objects[0]["microseconds"] as? Int == 1500)
        #expect(objects[1]["reason"] as? String == "unknown_route")
        #expect(objects[1]["request_id"] as? String == "mine")
        let time = try #require(objects[1]["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
    }

    @Test func `a client cannot forge lines or drive a terminal`() throws {
        let request = try Request("GET", "/nothing", headers: [("X-Request-Id", "a\u{1B}[2J")])
        let text = try lines(.text, of: [request])
        #expect(text.count == 1)
        #expect(!text[0].contains("\u{1B}"))
    }
}
