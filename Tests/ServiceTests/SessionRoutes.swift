import Foundation
import HTTP
import TensorFormats
import TestSupport
import Testing

@testable import Graph
@testable import Models
@testable import Service

/// Sessions over the shipped models and small random ones, answered without sockets.
@Suite struct `Sessions` {
    /// What a client does with sessions of a service.
    struct Client {
        let service: Service
        var headers: [(String, String)] = []

        func send(_ method: String, _ target: String, _ body: String = "") throws -> Reply {
            try Reply(method, target, headers, body: Array(body.utf8), from: service)
        }

        /// Begins a session and returns its id.
        func begin(_ model: String, _ more: String = "") throws -> String {
            let reply = try send("POST", "/sessions", #"{"model":"\#(model)"\#(more)}"#)
            #expect(reply.status == 201, "\(reply.text)")
            let id = try #require(try reply.json()["id"] as? String)
            #expect(reply.header("Location") == "/sessions/\(id)")
            #expect(reply.header("X-Session-Id") == id)
            return id
        }

        func step(_ id: String, _ body: String, _ query: String = "") throws -> Reply {
            try send("POST", "/sessions/\(id)/step\(query)", body)
        }

        func next(_ reply: Reply) throws -> String {
            #expect(reply.status == 200, "\(reply.text)")
            let list = try #require(try reply.json()["next"] as? [[String: Any]])
            return "\(list.map { ($0["symbol"] ?? "", $0["probability"] ?? "") })"
        }
    }

    private let client = Client(service: Fixture.service { _ in })

    @Test(arguments: `Recurrent model routes`.remembering)
    func `any split of a sequence gives the bits of one request`(_ model: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let client = Client(service: try `Recurrent model routes`.service.get())
        let text = (0..<60).map { _ in ["a", "b", "c", "d"][random.int(0...3)] }.joined()
        let whole = try client.next(
            client.send("POST", "/models/\(model)/next?top=4", #"{"text":"\#(text)"}"#)
        )
        var id = try client.begin(model)
        var token: String?
        var rest = Substring(text)
        var last = ""
        while !rest.isEmpty {
            let piece = rest.prefix(random.int(1...9))
            rest = rest.dropFirst(piece.count)
            switch random.int(0...2) {
            case 0:
                // Through a branch, and the session it came from goes astray.
                let reply = try client.send("POST", "/sessions/\(id)/branch", #"{"count":1}"#)
                let branches = try reply.json()["sessions"] as? [[String: Any]]
                let branch = try #require(branches?.first?["id"] as? String)
                _ = try client.step(id, #"{"text":"abcd"}"#)
                id = branch
                last = try client.next(client.step(id, #"{"text":"\#(piece)"}"#, "?top=4"))
            case 1:
                // Through a token, and back into a session.
                let reply = try client.send("GET", "/sessions/\(id)/state")
                token = try reply.json()["state"] as? String
                let body = #"{"text":"\#(piece)","state":"\#(token ?? "")","return_state":true}"#
                let answer = try client.send("POST", "/models/\(model)/next?top=4", body)
                last = try client.next(answer)
                let after = try #require(try answer.json()["state"] as? String)
                id = try client.begin(model, #","state":"\#(after)""#)
            default:
                last = try client.next(client.step(id, #"{"text":"\#(piece)"}"#, "?top=4"))
            }
        }
        #expect(last == whole, "\(model), seed \(seed)")
        let view = try client.send("GET", "/sessions/\(id)").json()
        #expect(view["position"] as? Int == 60)
    }

    @Test func `a text goes on from step to step as in one piece`() throws {
        let whole = try client.send(
            "POST",
            "/models/scripture/generate",
            #"{"text":"In the ","length":40,"temperature":0}"#
        ).json()
        let id = try client.begin("scripture")
        #expect(try client.step(id, #"{"text":"In "}"#).status == 200)
        #expect(try client.step(id, #"{"text":"the "}"#).status == 200)
        var text = ""
        for length in [13, 1, 26] {
            let reply = try client.send(
                "POST",
                "/sessions/\(id)/generate",
                #"{"length":\#(length),"temperature":0}"#
            )
            #expect(reply.status == 200, "\(reply.text)")
            text += try #require(try reply.json()["text"] as? String)
        }
        #expect(text == whole["text"] as? String)
        #expect(try client.send("GET", "/sessions/\(id)").json()["position"] as? Int == 47)
        // The last symbol was drawn and is read with the next step.
        let next = try client.next(client.step(id, #"{"text":"x"}"#))
        let direct = try client.next(
            client.send("POST", "/models/scripture/next", #"{"text":"In the \#(text)x"}"#)
        )
        #expect(next == direct)
    }

    @Test func `losses of pieces are those of the whole`() throws {
        let text = "In the beginning God created the heaven and the earth."
        func losses(_ body: String) throws -> (values: [Double], state: String?) {
            let reply = try client.send("POST", "/models/scripture/score", body)
            #expect(reply.status == 200, "\(reply.text)")
            let document = try reply.json()
            return (
                try #require(document["losses"] as? [Double]), document["state"] as? String
            )
        }
        let whole = try losses(#"{"text":"\#(text)"}"#).values
        var pieces: [Double] = []
        var state = ""
        for piece in ["In the be", "g", "inning God created the", " heaven and the earth."] {
            let start = state.isEmpty ? "" : #","state":"\#(state)""#
            let answer = try losses(#"{"text":"\#(piece)","return_state":true\#(start)}"#)
            pieces += answer.values
            state = try #require(answer.state)
        }
        #expect(pieces == whole)
    }

    @Test func `a step sent again is answered again, and not computed twice`() throws {
        let id = try client.begin("scripture")
        let first = try client.step(id, #"{"text":"In ","position":0}"#)
        let again = try client.step(id, #"{"text":"In ","position":0}"#)
        #expect(first.status == 200, "\(first.text)")
        #expect(again.text == first.text)
        #expect(again.header("X-Session-Position") == "3")
        let other = try client.step(id, #"{"text":"On ","position":0}"#)
        #expect(other.status == 409)
        #expect(try other.json()["code"] as? String == "position_conflict")
        #expect(try other.json()["position"] as? Int == 3)
        #expect(try client.step(id, #"{"text":"t"}"#, "?position=3").status == 200)
        #expect(try client.step(id, #"{"text":"t"}"#, "?position=3").status == 200)
        #expect(try client.step(id, #"{"text":"h"}"#, "?position=3").status == 409)
        // Events are answered again as they were.
        let draw = #"{"length":5,"position":4}"#
        let stream = Client(service: client.service, headers: [("Accept", "text/event-stream")])
        let events = try stream.send("POST", "/sessions/\(id)/generate", draw)
        #expect(events.status == 200, "\(events.text)")
        #expect(try stream.send("POST", "/sessions/\(id)/generate", draw).text == events.text)
    }

    @Test func `a state is put back as a token or as numbers`() throws {
        let id = try client.begin("scripture-lstm")
        _ = try client.step(id, #"{"text":"In the "}"#)
        let token = try client.send("GET", "/sessions/\(id)/state").json()["state"] as? String
        var reader = client
        reader.headers = [("Accept", "application/x-npy")]
        let archive = try reader.send("GET", "/sessions/\(id)/state")
        #expect(archive.header("X-Session-Position") == "7")
        let arrays = try NPZ.decode(archive.response.body, limit: 1 << 20)
        let model = try #require(
            client.service.repository.models.first { $0.name == "scripture-lstm" }
        )
        #expect(arrays.map(\.name) == model.stateNames.map(\.input))
        let expected = try client.next(client.step(id, #"{"text":"land"}"#))
        // Back by the token.
        let body = #"{"state":"\#(try #require(token))"}"#
        let put = try client.send("PUT", "/sessions/\(id)/state", body)
        #expect(put.status == 200, "\(put.text)")
        #expect(try put.json()["position"] as? Int == 7)
        #expect(try client.next(client.step(id, #"{"text":"land"}"#)) == expected)
        // And by the numbers.
        let numbers = try Reply(
            "PUT",
            "/sessions/\(id)/state?position=7",
            [("Content-Type", "application/x-npy")],
            body: archive.response.body,
            from: client.service
        )
        #expect(numbers.status == 200, "\(numbers.text)")
        #expect(try client.next(client.step(id, #"{"text":"land"}"#)) == expected)
        let list = arrays.flatMap(\.tensor.values).map(\.description).joined(separator: ",")
        #expect(
            try client.send("PUT", "/sessions/\(id)/state", #"{"state":[\#(list)]}"#).status == 200
        )
        #expect(try client.next(client.step(id, #"{"text":"land"}"#)) == expected)
    }

    @Test func `other tasks step too`() throws {
        // Brackets: a label after each piece.
        let whole = try client.send("POST", "/models/brackets/classify", #"{"text":"(()())("}"#)
        let id = try client.begin("brackets")
        _ = try client.step(id, #"{"text":"(()"}"#)
        let last = try client.step(id, #"{"text":"())("}"#)
        #expect(last.status == 200, "\(last.text)")
        #expect(try last.member("predictions") == whole.member("predictions"))
        #expect(try last.json()["position"] as? Int == 7)
        // A system that runs by itself.
        let orbit = try client.begin("orbit")
        _ = try client.step(orbit, #"{"steps":13}"#)
        let moved = try client.step(orbit, #"{"steps":27}"#)
        let straight = try client.send("POST", "/models/orbit/encode", #"{"steps":40}"#)
        #expect(try moved.member("state") == straight.member("state"))
        #expect(try moved.json()["position"] as? Int == 40)
        #expect(moved.text.contains("expires_at"))
    }

    @Test func `sessions are listed, branched and ended`() throws {
        let service = Fixture.service { _ in }
        let client = Client(service: service)
        let id = try client.begin("scripture", #","id":"draft","ttl_seconds":60"#)
        #expect(id == "draft")
        #expect(
            try client.send("POST", "/sessions", #"{"model":"scripture","id":"draft"}"#).status
                == 409
        )
        let branch = try client.send("POST", "/sessions/draft/branch", #"{"ids":["left","right"]}"#)
        #expect(branch.status == 201, "\(branch.text)")
        let list = try client.send("GET", "/sessions").json()["sessions"] as? [[String: Any]]
        #expect(list?.compactMap { $0["id"] as? String } == ["draft", "left", "right"])
        // One of several names is taken: none is begun.
        let taken = try client.send("POST", "/sessions/draft/branch", #"{"ids":["new","left"]}"#)
        #expect(taken.status == 409)
        #expect(try client.send("GET", "/sessions/new").status == 404)
        #expect(try client.send("DELETE", "/sessions/left").status == 204)
        #expect(try client.send("GET", "/sessions/left").status == 404)
        #expect(try client.send("DELETE", "/sessions/left").status == 404)
        #expect(service.host.sessions.figures.count == 2)
    }

    @Test func `a session belongs to its key`() throws {
        let (alice, bob, root) = (AccessKey.generate(), AccessKey.generate(), AccessKey.generate())
        let service = Fixture.service(keys: [
            AccessKey(name: "alice", digest: KeyDigest(of: alice)),
            AccessKey(name: "bob", digest: KeyDigest(of: bob)),
            AccessKey(name: "root", digest: KeyDigest(of: root), isAdministrator: true),
        ]) { _ in }
        func client(_ key: String) -> Client {
            Client(service: service, headers: [("Authorization", "Bearer \(key)")])
        }
        let id = try client(alice).begin("scripture", #","id":"mine""#)
        for (method, target) in [
            ("GET", "/sessions/mine"), ("DELETE", "/sessions/mine"),
            ("GET", "/sessions/mine/state"),
        ] {
            #expect(try client(bob).send(method, target).status == 404)
        }
        #expect(try client(bob).step(id, #"{"text":"a"}"#).status == 404)
        // The same name is another session of somebody else.
        #expect(try client(bob).begin("scripture", #","id":"mine""#) == "mine")
        #expect(try client(alice).step(id, #"{"text":"ab"}"#).status == 200)
        #expect(try client(bob).send("GET", "/sessions/mine").json()["position"] as? Int == 0)
        let all = try client(root).send("GET", "/sessions").json()["sessions"] as? [[String: Any]]
        #expect(all?.compactMap { $0["key"] as? String }.sorted() == ["alice", "bob"])
        // A token is good for its key alone.
        let token = try client(alice).send("GET", "/sessions/mine/state").json()["state"] as? String
        let body = #"{"text":"a","state":"\#(try #require(token))"}"#
        #expect(try client(alice).send("POST", "/models/scripture/next", body).status == 200)
        let stolen = try client(bob).send("POST", "/models/scripture/next", body)
        #expect(stolen.status == 400)
        #expect(try stolen.json()["code"] as? String == "invalid_state")
    }

    @Test func `mistakes are told`() throws {
        let id = try client.begin("scripture")
        let token = try client.send("GET", "/sessions/\(id)/state").json()["state"] as? String
        let state = try #require(token)
        let broken = String(state.dropLast(3)) + "AAA"
        let cases: [(String, String, String, Int, String)] = [
            ("POST", "/sessions", "{}", 400, "missing_field"),
            ("POST", "/sessions", #"{"model":"fashion"}"#, 400, "no_state"),
            ("POST", "/sessions", #"{"model":"language"}"#, 400, "no_state"),
            ("POST", "/sessions", #"{"model":"none"}"#, 404, "unknown_model"),
            ("POST", "/sessions", #"{"model":"scripture","id":"a b"}"#, 400, "invalid_value"),
            ("POST", "/sessions", #"{"model":"scripture","ttl_seconds":0}"#, 400, "invalid_value"),
            ("POST", "/sessions", #"{"model":"scripture","state":[1]}"#, 400, "wrong_shape"),
            ("POST", "/sessions", #"{"model":"scripture","state":"x"}"#, 400, "invalid_state"),
            (
                "POST", "/sessions", #"{"model":"orbit","state":"\#(state)"}"#, 409,
                "state_of_other_model"
            ),
            ("GET", "/sessions/none", "", 404, "unknown_session"),
            ("POST", "/sessions/none/step", #"{"text":"a"}"#, 404, "unknown_session"),
            (
                "POST", "/sessions/\(id)/step", #"{"text":"a","state":"\#(state)"}"#, 400,
                "invalid_value"
            ),
            ("POST", "/sessions/\(id)/step", #"{"txt":"a"}"#, 400, "unknown_field"),
            ("POST", "/sessions/\(id)/step?top=0", #"{"text":"a"}"#, 400, "invalid_value"),
            ("POST", "/sessions/\(id)/generate", #"{"length":3}"#, 400, "missing_field"),
            ("POST", "/sessions/\(id)/branch", #"{"count":0}"#, 400, "invalid_value"),
            ("PUT", "/sessions/\(id)/state", #"{"state":"\#(broken)"}"#, 400, "invalid_state"),
            ("PUT", "/sessions/\(id)/state", #"{"state":[1,2]}"#, 400, "wrong_shape"),
            ("PUT", "/sessions/\(id)/state", "PK12", 400, "invalid_value"),
            ("POST", "/models/scripture/next", #"{"text":"a","position":0}"#, 400, "invalid_value"),
            (
                "POST", "/models/scripture/next", #"{"text":"a","state":"\#(broken)"}"#, 400,
                "invalid_state"
            ),
        ]
        for (method, target, body, status, code) in cases {
            let reply = try client.send(method, target, body)
            #expect(reply.status == status, "\(method) \(target) \(body): \(reply.text)")
            #expect(try reply.json()["code"] as? String == code, "\(reply.text)")
        }
        // A step that fails leaves the session where it was.
        #expect(try client.send("GET", "/sessions/\(id)").json()["position"] as? Int == 0)
    }

    @Test func `sessions expire, and are said to have`() throws {
        let id = try client.begin("scripture", #","ttl_seconds":1"#)
        Thread.sleep(forTimeInterval: 1.2)
        let gone = try client.step(id, #"{"text":"a"}"#)
        #expect(gone.status == 410)
        #expect(try gone.json()["code"] as? String == "session_expired")
        #expect(gone.header("X-Session-Id") == id)
    }

    @Test func `the bytes of sessions are bounded, and nobody's is taken away`() throws {
        let service = Fixture.service { $0.sessionBytes = 65_536 }
        let client = Client(service: service)
        var ids: [String] = []
        while true {
            let reply = try client.send("POST", "/sessions", #"{"model":"scripture"}"#)
            guard reply.status == 201 else {
                #expect(reply.status == 429)
                #expect(try reply.json()["code"] as? String == "too_many_sessions")
                break
            }
            ids.append(try #require(try reply.json()["id"] as? String))
        }
        #expect(ids.count >= 2)
        for id in ids { #expect(try client.send("GET", "/sessions/\(id)").status == 200) }
        #expect(try client.send("DELETE", "/sessions/\(ids[0])").status == 204)
        #expect(try client.send("POST", "/sessions", #"{"model":"scripture"}"#).status == 201)
    }
}
