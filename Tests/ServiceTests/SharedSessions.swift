import Dispatch
import Foundation
import HTTP
import Synchronization
import TestSupport
import Testing

@testable import Models
@testable import Service

/// A store in memory, which fails when it is told to.
final class MemoryStore: SessionStore {
    /// What happens to a change.
    enum Fault {
        /// It is lost on its way.
        case before
        /// It is made, and the answer is lost.
        case after
    }

    struct Entry {
        var version: String
        var bytes: [UInt8]
        var ttl: Int
        var end: Date
    }

    let entries = Mutex<[SessionName: Entry]>([:])
    /// Faults of the changes to come, the next first.
    let faults = Mutex<[Fault?]>([])
    let isDown = Mutex(false)

    private func later(_ work: @escaping @Sendable () -> Void) {
        DispatchQueue.global().async(execute: work)
    }

    func read(_ names: [SessionName], _ done: @escaping StoreDone<[StoredRecord?]>) {
        later {
            if self.isDown.withLock(\.self) {
                return done(.failure(StoreFault(reason: "it is down")))
            }
            let found = self.entries.withLock { entries in
                names.map { name in
                    entries[name].map {
                        StoredRecord(
                            version: $0.version,
                            bytes: $0.bytes,
                            rest: $0.end.timeIntervalSinceNow
                        )
                    }
                }
            }
            done(.success(found))
        }
    }

    func write(_ changes: [StoreChange], _ done: @escaping StoreDone<[Bool]>) {
        later {
            let fault = self.faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if fault == .before || self.isDown.withLock(\.self) {
                return done(.failure(StoreFault(reason: "it is down")))
            }
            let made = self.entries.withLock { entries in
                changes.map { change in
                    let there = entries[change.name]?.version
                    if there == change.content?.version { return true }
                    guard there == change.expected else { return false }
                    entries[change.name] = change.content.map {
                        Entry(
                            version: $0.version,
                            bytes: $0.bytes,
                            ttl: $0.ttl,
                            end: Date(timeIntervalSinceNow: Double($0.ttl))
                        )
                    }
                    return true
                }
            }
            done(fault == .after ? .failure(StoreFault(reason: "it is late")) : .success(made))
        }
    }

    func list(
        _ owner: SessionName.Owner?,
        most: Int,
        _ done: @escaping StoreDone<(names: [SessionName], isWhole: Bool)>
    ) {
        later {
            let names = self.entries.withLock { Array($0.keys) }.filter {
                $0.model == nil && owner ?? $0.owner == $0.owner
            }
            done(.success((Array(names.prefix(most)), names.count <= most)))
        }
    }
}

/// Servers that share sessions, answered without sockets, and a store that fails at times.
@Suite struct `Shared sessions` {
    private let store = MemoryStore()
    private let servers: [Service]

    init() throws {
        let store = store
        let folders = [Fixture.package.appending(path: "config/models/scripture-gru")]
        servers = (0..<2).map { _ in Fixture.service(folders: folders, store: store) { _ in } }
    }

    /// The answer of a server, which comes when it comes.
    private static func ask(
        _ service: Service,
        _ method: String,
        _ target: String,
        _ body: String = "",
        _ headers: [(String, String)] = []
    ) throws -> Response {
        try ask(
            service,
            Request(method, target, headers: headers, body: Bytes(Array(body.utf8)))
        )
    }

    private static func ask(_ service: Service, _ request: Request) throws -> Response {
        switch service.admit(request.head) {
        case .respond(let response, _): return response
        case .read(_, let context):
            let answer = Mutex<Response?>(nil)
            let isThere = DispatchSemaphore(value: 0)
            let exchange = Exchange { response in
                answer.withLock { $0 = response }
                isThere.signal()
            }
            service.handle(request.carrying(context), exchange)
            guard isThere.wait(timeout: .now() + 60) == .success else { throw Late() }
            guard let response = answer.withLock({ $0 }) else { throw Late() }
            return response
        }
    }

    private struct Late: Error {}

    private func ask(
        _ server: Int,
        _ method: String,
        _ target: String,
        _ body: String = ""
    ) throws -> (status: Int, json: [String: Any]) {
        let response = try Self.ask(servers[server], method, target, body)
        guard !response.body.isEmpty else { return (response.status.code, [:]) }
        let value = try JSONSerialization.jsonObject(with: Data(response.body))
        return (response.status.code, try #require(value as? [String: Any]))
    }

    private func next(_ json: [String: Any]) -> String {
        let list = json["next"] as? [[String: Any]] ?? []
        return "\(list.map { ($0["symbol"] ?? "", $0["probability"] ?? "") })"
    }

    private func words(_ count: Int, _ random: inout SeededGenerator) -> String {
        let letters = Array("abcdefghij klmno")
        return String((0..<count).map { _ in letters[random.int(0...(letters.count - 1))] })
    }

    @Test func `any split over servers, branches and states gives the bits of one request`() throws
    {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let text = words(60, &random)
        let whole = try ask(0, "POST", "/models/scripture-gru/next?top=5", #"{"text":"\#(text)"}"#)
        var id = "walk"
        let begun = try ask(0, "POST", "/sessions", #"{"model":"scripture-gru","id":"walk"}"#)
        #expect(begun.status == 201)
        var rest = Substring(text)
        var (last, branches) = ("", 0)
        while !rest.isEmpty {
            let piece = rest.prefix(random.int(1...8))
            rest = rest.dropFirst(piece.count)
            let server = random.int(0...1)
            if random.int(0...3) == 0 {
                branches += 1
                let body = #"{"ids":["branch\#(branches)"]}"#
                let reply = try ask(server, "POST", "/sessions/\(id)/branch", body)
                #expect(reply.status == 201, "\(reply.json)")
                _ = try ask(server, "POST", "/sessions/\(id)/step", #"{"text":"zzz"}"#)
                id = "branch\(branches)"
            }
            let step = try ask(
                1 - server,
                "POST",
                "/sessions/\(id)/step?top=5",
                #"{"text":"\#(piece)"}"#
            )
            #expect(step.status == 200, "\(step.json)")
            last = next(step.json)
        }
        #expect(last == next(whole.json), "seed \(seed)")
        let view = try ask(0, "GET", "/sessions/\(id)")
        #expect(view.json["position"] as? Int == text.count, "seed \(seed)")
    }

    @Test func `no step is lost or done twice, however the store fails and whoever is asked`()
        throws
    {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let text = words(80, &random)
        let whole = try ask(0, "POST", "/models/scripture-gru/next?top=5", #"{"text":"\#(text)"}"#)
        #expect(
            try ask(0, "POST", "/sessions", #"{"model":"scripture-gru","id":"s"}"#).status == 201
        )
        var (position, last, faults) = (0, "", 0)
        var rest = Substring(text)
        while !rest.isEmpty {
            let piece = rest.prefix(random.int(1...5))
            rest = rest.dropFirst(piece.count)
            let body = #"{"text":"\#(piece)","position":\#(position)}"#
            // What the next changes meet, and how often the client asks again though it had its answer.
            let fault: MemoryStore.Fault? = [nil, .before, .after][random.int(0...2)]
            store.faults.withLock { $0 = [fault] }
            var again = random.int(0...1)
            while true {
                let reply = try ask(random.int(0...1), "POST", "/sessions/s/step?top=5", body)
                if reply.status == 503 {
                    #expect(reply.json["code"] as? String == "session_store_unavailable")
                    faults += 1
                    continue
                }
                #expect(reply.status == 200, "\(reply.json), seed \(seed)")
                last = next(reply.json)
                if again == 0 { break }
                again -= 1
            }
            position += piece.count
        }
        #expect(last == next(whole.json) && faults > 0, "seed \(seed)")
        store.isDown.withLock { $0 = true }
        let down = try Self.ask(servers[0], "GET", "/sessions/s")
        #expect(down.status == .serviceUnavailable)
        #expect(down.headers.contains { $0 == ("Retry-After", "1") })
        store.isDown.withLock { $0 = false }
        #expect(try ask(0, "GET", "/sessions/s").json["position"] as? Int == 80)
    }

    @Test func `of two servers that step at the same time one wins, and the other changes nothing`()
        throws
    {
        #expect(
            try ask(0, "POST", "/sessions", #"{"model":"scripture-gru","id":"race"}"#).status == 201
        )
        let servers = servers
        var done = 0
        for round in 0..<20 {
            let answers = Mutex<[Int]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { place in
                let body = #"{"text":"a"}"#
                let reply = try? Self.ask(servers[place % 2], "POST", "/sessions/race/step", body)
                answers.withLock { $0.append(reply?.status.code ?? 0) }
            }
            let codes = answers.withLock(\.self)
            #expect(codes.allSatisfy { [200, 409].contains($0) }, "\(codes)")
            let won = codes.count { $0 == 200 }
            #expect(won >= 1)
            done += won
            let view = try ask(round % 2, "GET", "/sessions/race")
            #expect(view.json["position"] as? Int == done)
        }
    }

    @Test func `sessions end, expire and are refused as on one server`() throws {
        #expect(
            try ask(0, "POST", "/sessions", #"{"model":"scripture-gru","id":"one"}"#).status == 201
        )
        let taken = try ask(1, "POST", "/sessions", #"{"model":"scripture-gru","id":"one"}"#)
        #expect(taken.status == 409 && taken.json["code"] as? String == "session_exists")
        let list = try ask(1, "GET", "/sessions")
        #expect((list.json["sessions"] as? [[String: Any]])?.map { $0["id"] as? String } == ["one"])
        #expect(try ask(1, "DELETE", "/sessions/one").status == 204)
        #expect(try ask(0, "POST", "/sessions/one/step", #"{"text":"a"}"#).status == 404)
        #expect(
            try ask(0, "POST", "/sessions", #"{"model":"scripture-gru","id":"one"}"#).status == 201
        )
        store.entries.withLock { entries in
            for name in entries.keys { entries[name]?.end = Date(timeIntervalSinceNow: -5) }
        }
        let expired = try ask(1, "POST", "/sessions/one/step", #"{"text":"a"}"#)
        #expect(expired.status == 410 && expired.json["code"] as? String == "session_expired")
        let anew = try ask(0, "POST", "/sessions", #"{"model":"scripture-gru","id":"one"}"#)
        #expect(anew.status == 201, "\(anew.json)")
        store.entries.withLock { entries in
            for name in entries.keys { entries[name]?.bytes = [1, 2, 3] }
        }
        #expect(try ask(1, "POST", "/sessions/one/step", #"{"text":"a"}"#).status == 503)
    }

    @Test func `sequences of other protocols go on at any server`() throws {
        let tokens = { (more: String) in
            #"{"inputs":[{"name":"tokens","datatype":"INT64","shape":[2,1],"data":[3,4]}],"# + more
                + "}"
        }
        let infer = "/v2/models/scripture-gru/infer"
        let start = #""parameters":{"sequence_id":9,"sequence_start":true}"#
        #expect(try ask(0, "POST", infer, tokens(start)).status == 200)
        let second = try ask(1, "POST", infer, tokens(#""parameters":{"sequence_id":9}"#))
        #expect(second.status == 200, "\(second.json)")
        let end = #""parameters":{"sequence_id":9,"sequence_end":true}"#
        #expect(try ask(0, "POST", infer, tokens(end)).status == 200)
        let over = try ask(1, "POST", infer, tokens(#""parameters":{"sequence_id":9}"#))
        #expect(over.status == 400 && over.json["code"] == nil || over.status == 400)
        #expect(store.entries.withLock(\.count) == 0)
        // A packed body is unpacked once, though the request is begun again.
        let packed = try #require(BodyCoder().encode(Array(tokens(start).utf8), .gzip))
        let request = try Request(
            "POST",
            infer,
            headers: [("Content-Encoding", "gzip"), ("Content-Type", "application/json")],
            body: Bytes(packed)
        )
        #expect(try Self.ask(servers[1], request).status == .ok)
        #expect(try ask(0, "POST", infer, tokens(end)).status == 200)
        // A first step that fails begins nothing, and leaves what was there.
        #expect(try ask(0, "POST", infer, tokens(start)).status == 200)
        let wrong =
            #"{"inputs":[{"name":"tokens","datatype":"INT64","shape":[1,1],"data":[999]}],\#(start)}"#
        #expect(try ask(1, "POST", infer, wrong).status == 400)
        #expect(try ask(1, "POST", infer, tokens(#""parameters":{"sequence_id":9}"#)).status == 200)
    }

    @Test func `what a server leaves in its file goes on after the next start`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "sessions")
        let models = [Fixture.package.appending(path: "config/models/scripture-gru")]
        let start = { Fixture.service(folders: models) { $0.sessionsFile = file.path } }
        let before = start()
        let begun = try Reply(
            "POST",
            "/sessions",
            body: Array(#"{"model":"scripture-gru","id":"kept"}"#.utf8),
            from: before
        )
        #expect(begun.status == 201)
        let step = { (service: Service, body: String) in
            try Reply("POST", "/sessions/kept/step?top=3", body: Array(body.utf8), from: service)
        }
        let first = try step(before, #"{"text":"In the ","position":0}"#)
        before.keepSessions()
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let after = start()
        after.resumeSessions()
        #expect(!FileManager.default.fileExists(atPath: file.path))
        // The kept answer too.
        let again = try step(after, #"{"text":"In the ","position":0}"#)
        #expect(again.text == first.text)
        let whole = try Reply(
            "POST",
            "/models/scripture-gru/next?top=3",
            body: Array(#"{"text":"In the land"}"#.utf8),
            from: after
        )
        let last = try step(after, #"{"text":"land"}"#)
        #expect(try last.member("next") == whole.member("next"))
        // What is no such file is left alone, and the server starts.
        try Data("hello".utf8).write(to: file)
        start().resumeSessions()
        #expect(FileManager.default.fileExists(atPath: file.path))
    }
}
