import Console
import Files
import Foundation
import HTTP
import Models
import Onnx
import Testing

@testable import Service

@Suite struct `The console` {
    private static let browser = [
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    ]
    /// What the page is made of, as a browser asks for it.
    private static let files: [(target: String, accept: String, type: String)] = [
        ("/", browser[0].1, "text/html; charset=utf-8"),
        ("/console.css", "text/css,*/*;q=0.1", "text/css; charset=utf-8"),
        ("/console.js", "*/*", "text/javascript; charset=utf-8"),
    ]

    private var page: String { String(decoding: Console.page, as: UTF8.self) }
    private var script: String { String(decoding: Console.script, as: UTF8.self) }

    @Test func `a browser gets a page, a program a list`() throws {
        let page = try Reply("GET", "/", Self.browser)
        #expect(page.text.hasPrefix("<!DOCTYPE html>"))
        for accept in ["*/*", "application/json", "application/json, text/html;q=0.9"] {
            let list = try Reply("GET", "/", [("Accept", accept)])
            #expect(list.header("Content-Type") == "application/json")
            #expect(try list.json()["documentation"] as? String == "/openapi.json")
        }
        #expect(try Reply("GET", "/", [("Accept", "image/png")]).status == 406)
    }

    @Test func `its files come typed, tagged, packed and to be read as what they are`() throws {
        for file in Self.files {
            let accept = [("Accept", file.accept)]
            let reply = try Reply("GET", file.target, accept)
            #expect(reply.status == 200)
            #expect(reply.header("Content-Type") == file.type)
            #expect(reply.header("X-Content-Type-Options") == "nosniff")
            let tag = try #require(reply.header("ETag"))
            let again = try Reply("GET", file.target, accept + [("If-None-Match", tag)])
            #expect(again.status == 304)
            #expect(again.response.body.isEmpty)
            let packed = try Reply("GET", file.target, accept + [("Accept-Encoding", "gzip")])
            #expect(packed.header("Content-Encoding") == "gzip")
            let unpacked = try BodyCoder()
                .decode(Bytes(packed.response.body), .gzip, limit: 1 << 20)
            #expect([UInt8](unpacked) == reply.response.body)
            let posted = try Reply("POST", file.target)
            #expect(posted.status == 405)
            #expect(posted.header("Allow") == "GET, HEAD, OPTIONS")
        }
    }

    @Test func `caches tell the page from the list`() throws {
        for accept in [Self.browser, []] {
            let reply = try Reply("GET", "/", accept)
            let tag = try #require(reply.header("ETag"))
            let again = try Reply("GET", "/", accept + [("If-None-Match", tag)])
            for answer in [reply, again] {
                #expect(answer.headers("Vary").contains("Accept"))
            }
        }
        let tags = try [Self.browser, []].map { try Reply("GET", "/", $0).header("ETag") }
        #expect(tags[0] != tags[1])
    }

    @Test func `the page loads nothing from elsewhere and runs nothing that stands in it`() throws {
        let reply = try Reply("GET", "/", Self.browser)
        let policy = try #require(reply.header("Content-Security-Policy"))
        for rule in [
            "default-src 'none'", "script-src 'self'", "frame-ancestors 'none'",
            "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
        ] {
            #expect(policy.contains(rule))
        }
        #expect(!policy.contains("unsafe"))
        #expect(reply.header("X-Frame-Options") == "DENY")
        #expect(reply.header("Referrer-Policy") == "no-referrer")
        #expect(!page.contains("<style") && !page.contains(" style="))
        #expect(page.matches(of: /<script(?![^>]* src=)/).isEmpty)
        #expect(page.matches(of: /\son[a-z]+=/).isEmpty)
        for word in ["innerHTML", "insertAdjacentHTML", "eval(", "Function(", "localStorage"] {
            #expect(!script.contains(word))
        }
    }

    @Test func `what the page and its script name is there`() throws {
        let linked = page.matches(of: /(?:href|src)="(\/[^"]*)"/).map { String($0.1) }
        #expect(linked.count >= 5)
        for target in linked {
            #expect(try Reply("GET", target).status == 200, "\(target)")
        }
        let operations = Set(
            Fixture.service.repository.models.flatMap { $0.manifest.operations }
        )
        let templates = Fixture.service.router.resources.map(\.template)
        let roots = Set(
            templates.compactMap { $0.split(separator: "/").first?.prefix { $0 != "." } }
        )
        // Paths behind a model's own are written "/next?top=10", whole ones `/models/${…}`.
        let named = script.matches(of: #/["`]\/([a-z0-9]+)/#).map { $0.1 }
        #expect(named.count >= 5)
        for word in named {
            #expect(operations.contains(String(word)) || roots.contains(word), "\(word)")
        }
        for operation in operations {
            #expect(script.contains(operation), "the console does not show \(operation)")
        }
    }

    @Test func `it stays small: what is embedded is compiled as a list of numbers`() {
        let files = [Console.page, Console.style, Console.script, Console.sound]
        let bytes = files.reduce(0) { $0 + $1.count }
        #expect(bytes <= 60 << 10, "\(bytes) bytes")
    }

    @Test func `where there are keys the page comes without one, and what it asks for does not`()
        throws
    {
        let key = AccessKey.generate()
        let keys = [AccessKey(name: "alice", digest: KeyDigest(of: key))]
        let service = Fixture.service(keys: keys) { _ in }
        for file in Self.files {
            let reply = try Reply("GET", file.target, [("Accept", file.accept)], from: service)
            #expect(reply.status == 200)
        }
        let bearer = [("Authorization", "Bearer \(key)")]
        for target in ["/", "/models", "/models/fashion/examples/shirt.png"] {
            let refused = try Reply("GET", target, from: service)
            #expect(refused.status == 401)
            #expect(refused.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
            #expect(try Reply("GET", target, bearer, from: service).status == 200)
        }
    }
}
