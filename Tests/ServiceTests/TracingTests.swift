import Foundation
import HTTP
import Synchronization
import TensorFormats
import Testing
import Texts

@testable import Service
@testable import Telemetry

@Suite struct `Tracing` {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let parent = "b7ad6b7169203331"
    private static let valid = "00-\(trace)-\(parent)-01"

    private func context(
        _ parent: String,
        _ states: [String] = []
    ) throws -> TraceContext? {
        let fields = [("traceparent", parent)] + states.map { ("tracestate", $0) }
        return TraceContext(try Request("GET", "/", headers: fields).head)
    }

    @Test(
        arguments: [
            valid, "00-\(trace)-\(parent)-00", "01-\(trace)-\(parent)-01",
            "cc-\(trace)-\(parent)-01-what-the-future-will-be", "00-\(trace)-\(parent)-ff",
        ]
    )
    func `takes a valid parent`(text: String) throws {
        let context = try #require(try context(text))
        #expect(hexadecimal(context.traceID.high) + hexadecimal(context.traceID.low) == Self.trace)
        #expect(hexadecimal(context.parentID) == Self.parent)
        #expect(context.isSampled == !text.hasSuffix("-00"))
    }

    @Test(
        arguments: [
            "", "00", "ff-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01-more",
            "00-\(trace.uppercased())-\(parent)-01", "00-\(trace)-\(parent)-0", "\(valid)0",
            "00-00000000000000000000000000000000-\(parent)-01",
            "00-\(trace)-0000000000000000-01", "0g-\(trace)-\(parent)-01",
            "cc-\(trace)-\(parent)-01.what", "00_\(trace)-\(parent)-01",
        ]
    )
    func `ignores a bad parent without a failure`(text: String) throws {
        #expect(try context(text, ["a=1"]) == nil)
        #expect(try Reply("GET", "/healthz", [("traceparent", text)]).status == 200)
    }

    @Test func `keeps the state of vendors, several fields as one`() throws {
        #expect(try context(Self.valid, ["a=1", " b=2 , c=3"])?.state == "a=1,b=2,c=3")
        #expect(try context(Self.valid)?.state == nil)
        let many = (0..<33).map { "k\($0)=v" }.joined(separator: ",")
        #expect(try context(Self.valid, [many])?.state == nil)
        #expect(try context(Self.valid, ["novalue"])?.state == nil)
    }

    @Test func `identifiers do not repeat`() {
        let identifiers = TraceIdentifiers()
        #expect(Set((0..<10_000).map { _ in identifiers.next() }).count == 10_000)
    }

    private func span() -> TraceSpan {
        TraceSpan(
            traceID: (1, 2),
            spanID: 3,
            parentID: 4,
            state: "a=1",
            start: 1_000,
            end: 9_000,
            method: "BREW",
            route: "/models/{model}/next",
            path: "/models/scripture/next",
            status: 500,
            errorCode: "model_error",
            client: "127.0.0.1",
            userAgent: nil,
            phases: [("queue", 1_000, 5), ("compute", 2_000, 6)]
        )
    }

    @Test func `a span is written as OTLP's JSON has it`() throws {
        let document = TraceExporter.document([span()], version: "1.0.0")
        let object = try JSONSerialization.jsonObject(with: Data(document)) as? [String: Any]
        let resources = try #require(object?["resourceSpans"] as? [[String: Any]])
        let scopes = try #require(resources[0]["scopeSpans"] as? [[String: Any]])
        let spans = try #require(scopes[0]["spans"] as? [[String: Any]])
        #expect(spans.count == 3)
        #expect(spans[0]["traceId"] as? String == "00000000000000010000000000000002")
        #expect(spans[0]["parentSpanId"] as? String == "0000000000000004")
        #expect(spans[0]["name"] as? String == "_OTHER /models/{model}/next")
        #expect(spans[0]["kind"] as? Int == 2)
        #expect(spans[0]["startTimeUnixNano"] as? String == "1000")
        #expect((spans[0]["status"] as? [String: Int])?["code"] == 2)
        #expect(spans[2]["name"] as? String == "compute")
        #expect(spans[2]["startTimeUnixNano"] as? String == "2000")
        #expect(spans[2]["parentSpanId"] as? String == "0000000000000003")
    }

    @Test func `a collector that is gone costs spans, never requests`() {
        let exporter = TraceExporter(version: "1.0.0") { _ in false }
        for _ in 0..<TraceExporter.capacity + 10 { exporter.add(span()) }
        #expect(exporter.counts.dropped == 10)
        exporter.flush()
        #expect(exporter.counts == (0, TraceExporter.capacity + 10))
        let taken = TraceExporter(version: "1.0.0") { _ in true }
        taken.add(span())
        taken.flush()
        #expect(taken.counts == (1, 0))
    }

    @Test func `spans that were not taken are sent once more`() {
        let attempts = Mutex(0)
        let exporter = TraceExporter(version: "1.0.0") { _ in
            attempts.withLock { attempts in
                attempts += 1
                return attempts == 2
            }
        }
        exporter.add(span())
        exporter.flush()
        #expect(exporter.counts == (1, 0))
        #expect(attempts.withLock(\.self) == 2)
    }

    @Test(
        arguments: [
            ("http://127.0.0.1:4318/v1/traces", true), ("http://collector", true),
            ("http://[::1]:4318/", true), ("https://127.0.0.1/", false), ("", false),
            ("http://", false), ("http://a:b/", false), ("http://a:0/", false),
            ("http://a/\r\nX: y", false), ("ftp://a", false),
        ]
    )
    func `an endpoint is an http address`(text: String, isValid: Bool) {
        #expect((Collector(text) != nil) == isValid)
    }
}

@Suite struct `Metrics` {
    @Test func `stand under the own names and those of Triton`() throws {
        let service = Fixture.service { _ in }
        let text = Array(#"{"text":"In the"}"#.utf8)
        _ = try Reply("POST", "/models/scripture/next", body: text, from: service)
        _ = try Reply("POST", "/models/scripture/next", body: [0], from: service)
        let page = try Reply("GET", "/metrics", from: service).text
        let model = "model=\"scripture\",version=\"2\""
        for line in [
            "striate_model_requests_total{\(model),operation=\"next\"} 1",
            "striate_model_failures_total{\(model),reason=\"other\"} 1",
            "nv_inference_request_success{\(model)} 1",
            "nv_inference_request_failure{\(model),reason=\"OTHER\"} 1",
            "nv_inference_count{\(model)} 1", "nv_inference_pending_request_count{\(model)} 0",
            "striate_compute_seconds_count{\(model),route=\"/models/{model}/next\"} 1",
        ] {
            #expect(page.contains(line + "\n"), "\(line)")
        }
        #expect(page.contains("process_open_fds "))
        let plain = Fixture.service { $0.nvMetrics = false }
        #expect(try !Reply("GET", "/metrics", from: plain).text.contains("nv_inference"))
    }

    @Test func `an unknown model adds no series`() throws {
        let service = Fixture.service { _ in }
        _ = try Reply("POST", "/models/nobody/next", body: [0], from: service)
        #expect(try !Reply("GET", "/metrics", from: service).text.contains("nobody"))
    }
}
