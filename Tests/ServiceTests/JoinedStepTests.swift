import Dispatch
import Foundation
import Glibc
import HTTP
import Models
import Synchronization
import TestSupport
import Testing

@testable import Graph
@testable import Service

/// Many clients at once, whose steps go together as it happens.
@Suite struct `Steps computed together` {
    private func text(_ response: Response) -> String {
        // The time of expiry is another for each.
        String(decoding: response.body, as: UTF8.self)
            .replacing(/"expires_at":"[^"]*"/, with: "")
    }

    @Test(arguments: `Recurrent model routes`.remembering)
    func `64 sessions give the bits of single requests`(_ model: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let service = try `Recurrent model routes`.service.get()
        let count = 64
        let texts = (0..<count).map { _ in
            (0..<random.int(6...20)).map { _ in ["a", "b", "c", "d"][random.int(0...3)] }.joined()
        }
        let begun = try service.answers(
            (0..<count).map { _ in ("/sessions", #"{"model":"\#(model)"}"#, []) }
        )
        let ids = try begun.map { try #require(try Reply($0).json()["id"] as? String) }
        var rest = texts.map { Substring($0) }
        var last = [String](repeating: "", count: count)
        while rest.contains(where: { !$0.isEmpty }) {
            var requests: [(String, String, [(String, String)])] = []
            var members: [Int] = []
            for member in 0..<count where !rest[member].isEmpty {
                let piece = rest[member].prefix(random.int(1...3))
                rest[member] = rest[member].dropFirst(piece.count)
                members.append(member)
                requests.append(
                    ("/sessions/\(ids[member])/step?top=4", #"{"text":"\#(piece)"}"#, [])
                )
            }
            for (member, response) in zip(members, try service.answers(requests)) {
                #expect(response.status == .ok, "seed \(seed): \(text(response))")
                last[member] = try Reply(response).member("next")
            }
        }
        for member in 0..<count {
            let whole = try Reply(
                "POST",
                "/models/\(model)/next?top=4",
                body: Array(#"{"text":"\#(texts[member])"}"#.utf8),
                from: service
            )
            let expected = try whole.member("next")
            #expect(last[member] == expected, "seed \(seed), \(model), \(texts[member])")
        }
    }

    @Test func `requests of all kinds go along, and each gets its own answer`() throws {
        let service = Fixture.service { $0.queueMilliseconds = 3_600_000 }
        let model = "/models/scripture"
        let stream = [("Accept", "text/event-stream")]
        var requests: [(String, String, [(String, String)])] = []
        for index in 0..<16 {
            let text = ["In the ", "And God ", "beginning", "x"][index % 4]
            requests.append(("\(model)/next?top=3", #"{"text":"\#(text)"}"#, []))
            requests.append(("\(model)/next?all=true&top=2", #"{"text":"\#(text)"}"#, []))
            requests.append(("\(model)/score", #"{"text":"\#(text)\#(text)"}"#, []))
            requests.append(
                ("\(model)/generate", #"{"text":"\#(text)","length":20,"seed":\#(index)}"#, [])
            )
            requests.append(
                ("\(model)/generate", #"{"text":"\#(text)","length":20,"seed":\#(index)}"#, stream)
            )
            requests.append(("\(model)/encode", #"{"text":"\#(text)"}"#, []))
            requests.append(("\(model)/next", #"{"txt":"\#(text)"}"#, []))
            requests.append(
                (
                    "/v2\(model)/infer",
                    #"{"inputs":[{"name":"tokens","datatype":"INT64","shape":[1,1],"data":[\#(index)]}],"#
                        + #""parameters":{"sequence_id":\#(index + 1),"sequence_start":true}}"#,
                    []
                )
            )
            requests.append(
                (
                    "/v2\(model)/generate",
                    #"{"text_input":"\#(text)","max_tokens":9,"seed":\#(index)}"#, []
                )
            )
        }
        let joined = try service.answers(requests)
        for (request, response) in zip(requests, joined) {
            let alone = try Reply(
                "POST",
                request.0,
                request.2,
                body: Array(request.1.utf8),
                from: service
            )
            #expect(response.status.code == alone.status, "\(request.0)")
            let identifier = /"request_id":"[^"]*"/
            #expect(
                text(response).replacing(identifier, with: "")
                    == text(alone.response).replacing(identifier, with: ""),
                "\(request.0) \(request.1)"
            )
        }
    }

    @Test func `one that is given up leaves the others alone`() throws {
        let service = Fixture.service {
            $0.queueMilliseconds = 3_600_000
            // Under the thread sanitizer all of it is slow.
            $0.computeSeconds = 3600
        }
        let group = DispatchGroup()
        let answered = Mutex<[Int: Int]>([:])
        var exchanges: [Exchange] = []
        for index in 0..<12 {
            group.enter()
            let exchange = Exchange { response in
                answered.withLock { $0[index] = response.status.code }
                group.leave()
            }
            let body = #"{"text":"a","length":800,"seed":\#(index)}"#
            let headers = index % 4 == 1 ? [("X-Request-Timeout-Ms", "30")] : []
            let request = try Request(
                "POST",
                "/models/scripture-lstm/generate",
                headers: headers,
                body: Bytes(Array(body.utf8))
            )
            service.handle(service.admitted(request), exchange)
            exchanges.append(exchange)
        }
        for index in stride(from: 0, to: 12, by: 4) { exchanges[index].abandon() }
        #expect(group.wait(timeout: .now() + 300) == .success)
        let codes = answered.withLock { $0 }
        // Whoever has the turn is no exception.
        for index in 0..<12 {
            let expected = index % 4 == 0 ? 499 : index % 4 == 1 ? 504 : 200
            #expect(codes[index] == expected, "request \(index)")
        }
    }

    @Test func `who has the turn gives way to others`() throws {
        let service = Fixture.service {
            $0.queueMilliseconds = 3_600_000
            $0.threads = 1
            $0.computeSeconds = 3600
        }
        let group = DispatchGroup()
        let order = Mutex<[String]>([])
        func send(_ name: String, _ target: String, _ body: String) throws {
            group.enter()
            let exchange = Exchange { _ in
                order.withLock { $0.append(name) }
                group.leave()
            }
            let request = try Request("POST", target, body: Bytes(Array(body.utf8)))
            service.handle(service.admitted(request), exchange)
        }
        for index in 0..<6 {
            let body = #"{"text":"a","length":800,"seed":\#(index)}"#
            try send("long", "/models/scripture-lstm/generate", body)
        }
        usleep(30_000)
        try send("short", "/models/brackets/classify", #"{"text":"()"}"#)
        #expect(group.wait(timeout: .now() + 300) == .success)
        #expect(order.withLock { $0 }.first == "short")
    }
}
