import Foundation
import Graph
import Synchronization
import TensorFormats
import Testing

@testable import HTTP
@testable import Models
@testable import Service
@testable import Telemetry

/// An event as a client reads it.
struct ReadEvent {
    let name: String?
    let data: [String: Any]

    /// The events of a whole stream.
    static func all(in text: String) throws -> [ReadEvent] {
        var blocks = text.components(separatedBy: "\n\n")
        #expect(blocks.popLast() == "")
        return try blocks.map { block in
            var fields: [String: String] = [:]
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                let value = try #require(parts.count == 2 ? parts[1] : nil as String?)
                fields[parts[0]] = String(value.dropFirst())
            }
            let data = Data(try #require(fields["data"]).utf8)
            let value = try JSONSerialization.jsonObject(with: data)
            return ReadEvent(name: fields["event"], data: try #require(value as? [String: Any]))
        }
    }
}

@Suite struct `Event streams` {
    private static let accept = ("Accept", "text/event-stream")
    private static let body = #"{"text":"And God ","length":30,"temperature":0.7,"seed":5}"#

    private func generate(_ headers: [(String, String)], _ body: String = body) throws -> Reply {
        try Reply("POST", "/models/scripture/generate", headers, body: Array(body.utf8))
    }

    @Test func `have an event for every symbol of the plain answer, and its totals last`() throws {
        let plain = try generate([])
        let reply = try generate([Self.accept])
        #expect(reply.status == 200)
        #expect(reply.header("Content-Type") == "text/event-stream; charset=utf-8")
        #expect(reply.header("Cache-Control") == "no-store")
        #expect(reply.header("X-Model-Version") == "2")
        var events = try ReadEvent.all(in: reply.text)
        let last = events.popLast()
        let end = try #require(last)
        #expect(end.name == "end")
        let whole = try plain.json()
        #expect(end.data as NSDictionary == whole as NSDictionary)
        #expect(events.allSatisfy { $0.name == nil })
        #expect(events.compactMap { $0.data["index"] as? Int } == Array(0..<30))
        #expect(events.compactMap { $0.data["position"] as? Int } == Array(9..<39))
        #expect(events.compactMap { $0.data["token"] as? Int } == end.data["tokens"] as? [Int])
        let text = events.map { $0.data["symbol"] as? String ?? "?" }.joined()
        #expect(text == end.data["text"] as? String)
    }

    @Test(
        "come to those who like them best",
        arguments: [
            ("text/event-stream", true), ("text/*", true), ("*/*", false),
            ("application/json, text/event-stream", false),
            ("application/json;q=0.5, text/event-stream", true),
            ("text/event-stream;q=0.1, */*;q=0.2", false),
            ("text/event-stream;q=0, */*", false),
        ]
    )
    func chosen(_ accept: String, isStream: Bool) throws {
        let type = try generate([("Accept", accept)]).header("Content-Type")
        #expect(type?.hasPrefix("text/event-stream") == isStream)
    }

    @Test func `are never packed`() throws {
        let reply = try generate([Self.accept, ("Accept-Encoding", "gzip, deflate")])
        #expect(reply.response.body.count > 1024)
        #expect(reply.header("Content-Encoding") == nil)
        #expect(reply.text.hasPrefix("data: {"))
    }

    @Test(
        "begin after what can be wrong with a request, which has its ordinary error",
        arguments: [
            ("/models/scripture/generate", #"{"text":"a","length":0}"#, "invalid_value"),
            ("/models/scripture/generate", #"{"text":"\u20ac"}"#, "unknown_symbol"),
            ("/models/scripture/generate", "", "empty_body"),
            ("/models/brackets/generate", #"{"text":"()"}"#, "wrong_task"),
            ("/v2/models/scripture/generate_stream", #"{"text_input":""}"#, "empty_sequence"),
            ("/v2/models/scripture/generate_stream", #"{"id":"a"}"#, "missing_field"),
            ("/v2/models/brackets/generate_stream", #"{"text_input":"()"}"#, "wrong_task"),
            ("/v2/models/nobody/generate_stream", #"{"text_input":"a"}"#, "unknown_model"),
        ]
    )
    func refused(_ path: String, _ body: String, code: String) throws {
        let reply = try Reply("POST", path, [Self.accept], body: Array(body.utf8))
        #expect(reply.status >= 400)
        #expect(reply.header("Content-Type") == "application/json")
        #expect(try reply.json()["code"] as? String == code)
    }

    @Test func `stand in openapi.json`() throws {
        let paths = try #require(
            try Reply("GET", "/openapi.json").json()["paths"] as? [String: Any]
        )
        for (path, types) in [
            ("/models/{model}/generate", ["application/json", "text/event-stream"]),
            ("/v2/models/{model}/generate_stream", ["text/event-stream"]),
        ] {
            let post = try #require((paths[path] as? [String: Any])?["post"] as? [String: Any])
            let responses = post["responses"] as? [String: [String: Any]]
            let content = responses?["200"]?["content"] as? [String: Any]
            #expect(content?.keys.sorted() == types)
        }
    }
}

/// Event streams as they are made, with sources of events that a test decides.
@Suite struct `Events on their way` {
    /// Numbers from 0 on; at `failsAt` an error instead.
    private struct Numbers: SequenceWork {
        var run: SequenceRun
        let count: Int
        let failsAt: Int
        var made = 0

        init(count: Int, failsAt: Int = .max) {
            let model = Fixture.model("scripture")
            let start = CarriedState(state: model.initialState())
            run = SequenceRun(model, [], from: start, outputs: [])
            (self.count, self.failsAt) = (count, failsAt)
        }

        mutating func take(_ step: Int, _ rows: SequenceRows) {}

        mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress {
            if made == failsAt { throw .deadlineExceeded(milliseconds: 7) }
            guard made < count else { return .ends([]) }
            defer { made += 1 }
            return .reads(Event(["number": .integer(made)]))
        }
    }

    /// What comes of a stream over a path whose conventions it keeps.
    private func response(_ numbers: Numbers, _ path: String, _ service: Service) throws -> Reply? {
        let delivered = Mutex<Response?>(nil)
        let exchange = Exchange { response in delivered.withLock { $0 = response } }
        let request = try Request("POST", path, body: Bytes(Array("{}".utf8)))
        let (route, parameters) = try service.found(request)
        let call = try service.call(
            request,
            (route, parameters),
            exchange
        )
        _ = service.compute(SequenceMember(call, exchange, numbers), nil)
        return delivered.withLock { $0 }.map { Reply($0) }
    }

    private let own = "/models/scripture/generate"
    private let foreign = "/v2/models/scripture/generate_stream"

    @Test func `an error behind the first is an event`() throws {
        for (path, name) in [(own, "error"), (foreign, nil)] {
            let service = Fixture.service { _ in }
            let reply = try #require(try response(Numbers(count: 9, failsAt: 2), path, service))
            #expect(reply.status == 200)
            let events = try ReadEvent.all(in: reply.text)
            #expect(events.map(\.name) == [nil, nil, name])
            #expect(events[1].data["number"] as? Int == 1)
            let error = events[2].data
            #expect((error["error"] as? String)?.contains("7 ms") == true)
            #expect(error["code"] as? String == "deadline_exceeded")
            #expect(error["request_id"] != nil)
            #expect((reply.response.note as? AnswerNote)?.code == "deadline_exceeded")
            let label = ModelLabel(name: "scripture", version: "2")
            #expect(service.metrics.figures(of: label)?.failures[.canceled] == 1)
        }
    }

    @Test func `an error before the first is an ordinary answer, and no event a short one`() throws
    {
        let service = Fixture.service
        let failed = try response(Numbers(count: 9, failsAt: 0), own, service)
        #expect(failed?.status == 504)
        let empty = try response(Numbers(count: 0), own, service)
        #expect(empty?.status == 200)
        #expect(empty?.text == "")
    }

    @Test func `a stream counts as one answer`() throws {
        let service = Fixture.service { _ in }
        #expect(try response(Numbers(count: 3), own, service)?.status == 200)
        let text = try Reply("GET", "/metrics", from: service).text
        #expect(
            text.contains(
                #"striate_model_requests_total{model="scripture",version="2",operation="generate"} 1"#
            )
        )
        #expect(
            service.metrics.statistics.figures(of: ModelLabel(name: "scripture", version: "2"))
                .success.count == 1
        )
    }

    @Test func `a client that leaves ends the generation at the next symbol`() throws {
        let exchange = Exchange { _ in }
        let request = try Request("POST", own)
        let (route, parameters) = try Fixture.service.found(request)
        var call = try Fixture.service.call(
            request,
            (route, parameters),
            exchange
        )
        let symbols = try call.symbolModel()
        let settings = try GenerationSettings(SequenceOptions(), symbols: 2)
        let start = CarriedState(state: symbols.model.initialState())
        let generation = Generation(settings, after: [1, 2, 3], from: start, symbols)
        var work: any SequenceWork = GenerationWork(generation, wantsEvents: true)
        for _ in 0..<3 {
            while work.run.rest > 0 { try work.readChunk(call.cancellation) }
            guard case .reads(_?) = try work.proceed(&call) else {
                Issue.record("no event for a symbol")
                return
            }
        }
        exchange.abandon()
        #expect {
            try work.readChunk(call.cancellation)
        } throws: {
            ($0 as? ServiceError)?.code == "client_gone"
        }
    }
}

/// Event streams whose client is slow: the test is the event loop.
@Suite struct `Events and slow clients` {
    private let service: Service
    private let key = AccessKey.generate()
    private let mailbox: Mailbox
    private let exchange: Exchange
    private let body = Array(#"{"text":"And God ","length":30,"seed":5}"#.utf8)
    private static let path = "/models/scripture/generate"

    init() throws {
        let access = AccessKey(name: "one", digest: KeyDigest(of: key), concurrentRequests: 1)
        service = Fixture.service(keys: [access]) { _ in }
        mailbox = try Mailbox()
        let token = ConnectionToken(descriptor: 9, generation: 1)
        // Every event fills it.
        exchange = Exchange(mailbox: mailbox, connection: token, streamed: 1)
    }

    /// Sends the request, and returns its stream once that has begun.
    private func begin() throws -> StreamedPieces {
        let headers = [("Accept", "text/event-stream"), ("X-API-Key", key)]
        let request = try Request("POST", Self.path, headers: headers, body: Bytes(body))
        service.handle(service.admitted(request), exchange)
        if case .stream(let pieces) = exchange.takeAnswer() { return pieces }
        guard case .answer(_, .stream(let pieces)) = try letter() else {
            throw CocoaError(.featureUnsupported)
        }
        return pieces
    }

    /// The next letter that comes.
    private func letter() throws -> Mailbox.Letter {
        var letters: [Mailbox.Letter] = []
        #expect(
            comes {
                mailbox.collect(into: &letters)
                return !letters.isEmpty
            }
        )
        #expect(letters.count == 1)
        return try #require(letters.first)
    }

    private func comes(_ condition: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(60)
        while !condition() {
            if ContinuousClock.now > end { return false }
            usleep(1000)
        }
        return true
    }

    /// Whether no core is kept while the client does not read.
    private var isParked: Bool { comes { service.scheduler.load.running == 0 } }

    @Test func `a generation goes on where it stopped, and keeps no core meanwhile`() throws {
        let pieces = try begin()
        var text: [UInt8] = []
        var takes = 0
        while true {
            #expect(isParked)
            let (bytes, end) = pieces.take()
            text += bytes
            takes += 1
            if case .complete = end { break }
            #expect(!pieces.hasRoom)
            pieces.keep(unsent: 0)
            // At the end nothing waits for room any more, and no letter follows the last one.
            guard case .pieces = try letter() else { break }
        }
        let plain = try Reply(
            "POST",
            Self.path,
            [("Accept", "text/event-stream")],
            body: body
        )
        #expect(text == plain.response.body)
        #expect(takes >= 30)
    }

    @Test func `a client that leaves while its stream waits ends it`() throws {
        let pieces = try begin()
        #expect(isParked)
        func next() throws -> Int {
            let headers = [("X-API-Key", key)]
            return try Reply("POST", Self.path, headers, body: body, from: service).status
        }
        // It is still one of the requests that the key may have at once.
        #expect(try next() == 429)
        exchange.abandon()
        pieces.abandon()
        #expect(comes { (try? next()) == 200 })
        let label = ModelLabel(name: "scripture", version: "2")
        #expect(comes { service.metrics.figures(of: label)?.failures[.canceled] == 1 })
        #expect(isParked)
    }
}

extension Reply {
    init(_ response: Response) {
        self.response = response
    }
}
