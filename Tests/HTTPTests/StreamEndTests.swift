import Dispatch
import Synchronization
import Testing

@testable import HTTP

/// Streams whose clients are slow, or gone, and servers that stop.
@Suite struct StreamEndTests {
    @Test func `the producer is told to wait for a client that does not read yet`() throws {
        var limits = Limits()
        limits.streamed = 10_000
        try withServer(limits: limits) { server, service in
            let client = try Client(port: server.port)
            client.send("GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let producer = Producer(try beginStream(service))
            producer.start()
            #expect(eventually { producer.waits > 0 })
            let whole = client.rest()
            let (answer, count) = try #require(Answer.parse(Array(whole.utf8), toHead: false))
            #expect(count == whole.utf8.count)
            #expect(answer.body == [UInt8](repeating: 65, count: producer.sent))
            // The limit, the piece that was sent when there was room, and the frames of chunks.
            #expect(producer.mostWaiting < 10_000 + 1000 + 500)
        }
    }

    @Test func `a client that never reads is cut off, and the producer told`() throws {
        var limits = Limits()
        limits.streamed = 10_000
        limits.writeStall = .milliseconds(300)
        try withServer(limits: limits) { server, service in
            let client = try Client(port: server.port)
            client.send(StreamTests.held)
            let exchange = try heldExchange(service)
            let producer = Producer(exchange.stream(Response(.ok)), more: Producer.runaway)
            producer.start()
            #expect(eventually { producer.hasEnded })
            #expect(eventually { exchange.isAbandoned })
            #expect(producer.sent < Producer.runaway)
            #expect(eventually { server.statistics.openConnections == 0 })
            #expect(service.records.withLock { $0.map(\.status.code) } == [499])
            client.endSending()
        }
    }

    @Test("a client that leaves between two pieces abandons the stream", arguments: [false, true])
    func leaves(byReset: Bool) throws {
        try withServer { server, service in
            var client: Client? = try Client(port: server.port)
            client?.send(StreamTests.held)
            let exchange = try heldExchange(service)
            let stream = exchange.stream(Response(.ok))
            stream.send(Array("a piece".utf8))
            #expect(client?.text(through: "a piece\r\n").hasSuffix("a piece\r\n") == true)
            if byReset { client?.resetOnClose() }
            client = nil
            #expect(
                eventually {
                    stream.send([1])
                    return stream.isAbandoned
                }
            )
            #expect(exchange.isAbandoned)
            stream.end()
            #expect(eventually { server.statistics.openConnections == 0 })
            #expect(eventually { server.statistics.requestsInFlight == 0 })
            #expect(service.records.withLock { $0.map(\.status.code) } == [499])
        }
    }

    @Test func `a client that has ended its sending gets all, and nothing between`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send(StreamTests.held)
            let stream = try beginStream(service)
            stream.send(Array("before".utf8))
            _ = client.text(through: "before\r\n")
            let turns = server.turns
            client.endSending()
            #expect(eventually { server.turns > turns })
            stream.send(Array("behind".utf8))
            stream.end()
            #expect(client.rest() == "6\r\nbehind\r\n0\r\n\r\n")
        }
    }

    @Test func `shutdown lets a stream end`() throws {
        let service = TestService()
        let server = Server(configuration: ServerConfiguration(loops: 2), handler: service)
        try server.start()
        let client = try Client(port: server.port)
        client.send(StreamTests.held)
        let stream = try beginStream(service)
        stream.send(Array("one".utf8))
        _ = client.text(through: "one\r\n")
        let thread = startThread { server.shutdown(grace: .seconds(600)) }
        let port = server.port
        #expect(eventually { (try? Client(port: port)) == nil })
        stream.send(Array("two".utf8))
        stream.end()
        #expect(client.rest() == "3\r\ntwo\r\n0\r\n\r\n")
        thread.wait()
        #expect(eventually { server.statistics.openConnections == 0 })
    }

    @Test func `shutdown cuts off a stream that does not end in time`() throws {
        let service = TestService()
        let server = Server(configuration: ServerConfiguration(), handler: service)
        try server.start()
        let client = try Client(port: server.port)
        client.send(StreamTests.held)
        let stream = try beginStream(service)
        stream.send(Array("one".utf8))
        _ = client.text(through: "one\r\n")
        server.shutdown(grace: .zero)
        #expect(stream.isAbandoned)
        #expect(client.rest().isEmpty)
        stream.end()
    }
}

/// Sends pieces while there is room, and `more` bytes after it had to wait.
private final class Producer: Sendable {
    /// Far more than kernels keep for a client that does not read.
    static let runaway = 256 << 20
    private struct State {
        var sent = 0
        var end = runaway
        var waits = 0
        var mostWaiting = 0
        var hasEnded = false
    }

    private let stream: ResponseStream
    private let more: Int
    private let state = Mutex(State())
    private let piece = [UInt8](repeating: 65, count: 1000)

    init(_ stream: ResponseStream, more: Int = 200_000) {
        self.stream = stream
        self.more = more
    }

    var sent: Int { state.withLock(\.sent) }
    var waits: Int { state.withLock(\.waits) }
    var mostWaiting: Int { state.withLock(\.mostWaiting) }
    var hasEnded: Bool { state.withLock(\.hasEnded) }

    func start() {
        DispatchQueue.global().async { self.run() }
    }

    private func run() {
        while state.withLock({ $0.sent < $0.end }), !stream.isAbandoned {
            guard stream.hasRoom else {
                state.withLock { state in
                    if state.waits == 0 { state.end = state.sent + more }
                    state.waits += 1
                }
                stream.whenRoom { self.start() }
                return
            }
            stream.send(piece)
            state.withLock { state in
                state.sent += piece.count
                state.mostWaiting = max(state.mostWaiting, stream.waiting)
            }
        }
        stream.end()
        state.withLock { $0.hasEnded = true }
    }
}
