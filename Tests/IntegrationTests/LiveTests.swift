import Foundation
import Testing

/// The built program under curl.
@Suite(.serialized) struct `The running server` {
    private let server: LiveServer

    init() throws {
        server = try LiveServer.shared.get()
    }

    @Test func `refuses bad requests with a sentence, and goes on`() throws {
        let cases = try BadRequest.all()
        #expect(cases.count >= 60)
        for bad in cases {
            let reply = try server.curl(bad.path, bad.arguments, body: bad.body)
            #expect(reply.status == bad.status, "\(bad.name): \(reply.text)")
            let document = try? reply.json()
            let message = document?["error"] as? String ?? ""
            #expect(
                bad.code.isEmpty || document?["code"] as? String == bad.code,
                "\(bad.name): \(reply.text)"
            )
            #expect(bad.phrase.isEmpty || message.contains(bad.phrase), "\(bad.name): \(message)")
            #expect((document?["request_id"] as? String)?.isEmpty == false, "\(bad.name)")
            #expect(!message.contains("/work") && !message.contains("Swift"), "\(message)")
        }
        let shirt = try LiveServer.model("fashion/examples/shirt.png")
        let good = try server.curl("/models/fashion/classify", body: shirt)
        #expect(good.status == 200)
        #expect(good.text.contains("\"label\":\"Shirt\""))
    }

    @Test func `answers every route`() throws {
        let shirt = try LiveServer.model("fashion/examples/shirt.png")
        let camera = try LiveServer.model("v1/examples/camera.png")
        let text = Data(#"{"text":"In the beginning God created the heav"}"#.utf8)
        let rows: [(String, Data?, String, String)] = [
            ("/", nil, "application/json", "openapi.json"),
            ("/healthz", nil, "application/json", "ready"),
            ("/models", nil, "application/json", "scripture"),
            ("/models/fashion", nil, "application/json", "Ankle boot"),
            ("/models/fashion/classify", shirt, "application/json", "Shirt"),
            ("/models/fashion/features?layer=logits", shirt, "application/json", "logits"),
            ("/models/fashion/preview", shirt, "image/png", "PNG"),
            ("/models/fashion/kernels", nil, "image/png", "PNG"),
            ("/models/v1/kernels?layer=simple", nil, "image/png", "PNG"),
            ("/models/fashion/graph", nil, "image/svg+xml", "receptive field"),
            ("/models/scripture/graph?unfold=3", nil, "image/svg+xml", "Unfold"),
            ("/models/v1/features?pool=mean", camera, "application/json", "complex"),
            ("/models/scripture/next", text, "application/json", "\"next\":[{\"symbol\":\"e\""),
            ("/models/scripture/score", text, "application/json", "bits_per_symbol"),
            ("/models/scripture/encode", text, "application/json", "state"),
            ("/models/scripture/generate", text, "application/json", "seed"),
            (
                "/models/brackets/classify", Data(#"{"text":"(()())"}"#.utf8), "application/json",
                "\"predictions\":[{\"label\":\"balanced\""
            ),
            (
                "/models/orbit/encode?all=true", Data(#"{"steps":40}"#.utf8), "application/json",
                "\"shape\":[40,2]"
            ),
            ("/metrics", nil, "text/plain; version=0.0.4; charset=utf-8", "striate_requests_total"),
            ("/openapi.json", nil, "application/json", "/models/{model}/classify"),
        ]
        for (path, body, type, phrase) in rows {
            let reply = try server.curl(path, body: body)
            #expect(reply.status == 200, "\(path): \(reply.text)")
            #expect(reply.head.contains("Content-Type: \(type)"), "\(path): \(reply.head)")
            #expect(reply.text.contains(phrase), "\(path)")
            #expect(reply.head.contains("X-Request-Id: "), "\(path)")
            #expect(reply.head.contains("Server-Timing: "), "\(path)")
        }
    }

    @Test func `streams a text to curl symbol by symbol`() throws {
        let body = Data(#"{"text":"And God said, ","length":40,"seed":7}"#.utf8)
        let arguments = ["-N", "-H", "Accept: text/event-stream"]
        let plain = try server.curl("/models/scripture/generate", body: body)
        let chunked = try server.curl("/models/scripture/generate", arguments, body: body)
        #expect(chunked.head.contains("Transfer-Encoding: chunked"))
        #expect(chunked.head.contains("Content-Type: text/event-stream"))
        let ended = try server.curl(
            "/models/scripture/generate",
            arguments + ["--http1.0"],
            body: body
        )
        #expect(!ended.head.contains("Transfer-Encoding"))
        #expect(ended.body == chunked.body)
        let events = chunked.text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(events.count == 41)
        #expect(events.dropLast().allSatisfy { $0.hasPrefix(#"data: {"index":"#) })
        #expect(events.last == "event: end\ndata: " + plain.text.dropLast())
    }

    @Test func `decides brackets of any length`() throws {
        for depth in [1, 500, 5000, 40_000] {
            let open = String(repeating: "(", count: depth)
            let close = String(repeating: ")", count: depth)
            let mixed = open + String(repeating: "()", count: 600) + close
            for (text, label) in [
                (mixed, "balanced"), (mixed + ")", "unbalanced"),
                (String(mixed.dropLast()), "unbalanced"), (")" + mixed + "(", "unbalanced"),
            ] {
                let reply = try server.curl(
                    "/models/brackets/classify?top=1",
                    ["-H", "Content-Type: text/plain"],
                    body: Data(text.utf8)
                )
                #expect(reply.status == 200, "\(reply.text)")
                #expect(reply.text.contains("\"label\":\"\(label)\""), "depth \(depth)")
                #expect(reply.text.contains("\"probability\":1.0}"), "depth \(depth)")
            }
        }
    }

    @Test func `HEAD is GET without the body`() throws {
        let get = try server.curl("/models/fashion")
        let head = try server.curl("/models/fashion", ["-I"])
        let length = "Content-Length: \(get.body.count)"
        #expect(head.status == 200)
        #expect(head.head.contains(length))
    }

    @Test func `shows browsers the console`() throws {
        let accept = ["-H", "Accept: text/html"]
        let page = try server.curl("/", accept)
        #expect(page.head.contains("Content-Type: text/html; charset=utf-8"))
        #expect(page.text.contains("/console.js"))
        let head = try server.curl("/", accept + ["-I"])
        #expect(head.status == 200)
        #expect(head.head.contains("Content-Length: \(page.body.count)"))
        let script = try server.curl("/console.js")
        let packed = try server.curl("/console.js", ["--compressed"])
        #expect(packed.head.contains("Content-Encoding: gzip"))
        #expect(packed.body == script.body)
    }

    @Test func `OPTIONS and 405 name the methods`() throws {
        let options = try server.curl("/models/fashion/classify", ["-X", "OPTIONS"])
        #expect(options.status == 204)
        #expect(options.head.contains("Allow: POST, OPTIONS"))
        let wrong = try server.curl("/models/fashion/classify")
        #expect(wrong.status == 405)
        #expect(wrong.head.contains("Allow: POST, OPTIONS"))
    }

    @Test func `takes the client's request id and says the model's version`() throws {
        let text = Data(#"{"text":"And"}"#.utf8)
        let arguments = ["-H", "X-Request-Id: mine-7"]
        let reply = try server.curl("/models/scripture/next", arguments, body: text)
        #expect(reply.head.contains("X-Request-Id: mine-7"))
        #expect(reply.head.contains("X-Model-Version: 2"))
        #expect(reply.head.contains("X-Model-Numerics: precise"))
    }

    @Test func `names small integers in every answer of a model that multiplies them`() throws {
        let shirt = LiveServer.package.appending(
            path: "config/models/fashion-int8/examples/shirt.png"
        )
        let reply = try server.curl(
            "/models/fashion-int8/classify?top=1",
            ["--data-binary", "@\(shirt.path)"]
        )
        #expect(reply.text.contains("Shirt"))
        #expect(reply.head.contains("X-Model-Numerics: int8"))
    }

    @Test func `sends a form with several files as a batch`() throws {
        let folder = LiveServer.package.appending(path: "config/models/fashion/examples").path
        let reply = try server.curl(
            "/models/fashion/classify?top=1",
            ["-F", "a=@\(folder)/shirt.png", "-F", "b=@\(folder)/bag.png"]
        )
        let results = try #require(try reply.json()["results"] as? [Any])
        #expect(results.count == 2)
        #expect(reply.text.contains("Shirt") && reply.text.contains("Bag"))
    }

    @Test func `accepts a chunked body`() throws {
        let shirt = try LiveServer.model("fashion/examples/shirt.png")
        let arguments = ["-H", "Transfer-Encoding: chunked"]
        let reply = try server.curl("/models/fashion/classify", arguments, body: shirt)
        #expect(reply.status == 200, "\(reply.text)")
    }

    @Test func `keeps connections alive`() throws {
        let url = "http://127.0.0.1:\(server.port)/healthz"
        let (_, messages) = try LiveServer.run("curl", ["-sv", url, url, url])
        let reuses = messages.split(separator: "\n").filter { $0.contains("Re-using") }
        #expect(reuses.count == 2, "\(messages)")
    }

    @Test func `answers pipelined requests in order`() throws {
        let script = """
            exec 3<>/dev/tcp/127.0.0.1/\(server.port)
            body='{"text":"And God said"}'
            printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nX-Request-Id: one\\r\\n\\r\\n' >&3
            printf 'POST /models/scripture/score HTTP/1.1\\r\\nHost: localhost\\r\\nX-Request-Id: two\\r\\n' >&3
            printf 'Content-Length: %d\\r\\n\\r\\n%s' ${#body} "$body" >&3
            printf 'GET /nothing HTTP/1.1\\r\\nHost: localhost\\r\\nX-Request-Id: three\\r\\n' >&3
            printf 'Connection: close\\r\\n\\r\\n' >&3
            cat <&3
            """
        let (output, _) = try LiveServer.run("bash", ["-c", script])
        let text = String(decoding: output, as: UTF8.self)
        let ids = text.components(separatedBy: "X-Request-Id: ").dropFirst()
            .map { $0.prefix { !$0.isWhitespace } }
        #expect(ids == ["one", "two", "three"])
        #expect(text.contains("bits_per_symbol"))
    }

    @Test func `gives 504 at once where the deadline cannot be met`() throws {
        let text = Data("{\"text\":\"\(String(repeating: "And ", count: 20_000))\"}".utf8)
        // The first answer teaches the server how long such a request takes.
        let learnt = try server.curl("/models/scripture/score", body: text)
        #expect(learnt.status == 200, "\(learnt.text.prefix(200))")
        let arguments = ["-H", "X-Request-Timeout-Ms: 5"]
        let reply = try server.curl("/models/scripture/score", arguments, body: text)
        #expect(reply.status == 504, "\(reply.text.prefix(200))")
        #expect(try reply.json()["code"] as? String == "deadline_exceeded")
    }

    @Test func `serves clients side by side with the same answers`() throws {
        let example = "fashion/examples/shirt.png"
        let shirt = try LiveServer.model(example)
        let expected = try server.curl("/models/fashion/classify", body: shirt).text
        let file = LiveServer.package.appending(path: "config/models/\(example)").path
        let url = "http://127.0.0.1:\(server.port)/models/fashion/classify"
        let script = "seq 96 | xargs -P 16 -I {} curl -s -m 300 --data-binary @\(file) \(url)"
        let (output, _) = try LiveServer.run("bash", ["-c", script])
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 96)
        #expect(lines.allSatisfy { $0 + "\n" == expected })
    }

    @Test func `logs one JSON object for each request`() throws {
        _ = try server.curl("/healthz", ["-H", "X-Request-Id: logged-1"])
        func logged() -> Substring? {
            server.log.split(separator: "\n").first { $0.contains("logged-1") }
        }
        for _ in 0..<1000 where logged() == nil { usleep(10_000) }
        let line = try #require(logged())
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        let fields = try #require(object as? [String: Any])
        #expect(fields["status"] as? Int == 200)
        #expect(fields["target"] as? String == "/healthz")
        #expect(fields["level"] as? String == "info")
    }

    @Test func `counts requests by route and never by path`() throws {
        _ = try server.curl("/no/such/path")
        let text = try server.curl("/metrics").text
        #expect(text.contains(#"striate_requests_total{route="_other",status="404"}"#))
        #expect(!text.contains("such"))
    }
}
