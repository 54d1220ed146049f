import Foundation
import HTTP
import Testing

@testable import Service
@testable import Telemetry

@Suite struct `Access` {
    private static let alice = AccessKey.generate()
    private static let bob = AccessKey.generate()
    private static let root = AccessKey.generate()

    private static let keys = [
        AccessKey(name: "alice", digest: KeyDigest(of: alice)),
        AccessKey(
            name: "bob",
            digest: KeyDigest(of: bob),
            requestsPerSecond: 1,
            burst: 2,
            concurrentRequests: 1
        ),
        AccessKey(name: "root", digest: KeyDigest(of: root), isAdministrator: true),
    ]

    private static let guarded = Fixture.service(keys: keys) { $0.metricsAccess = .administrators }

    private func head(_ fields: [(String, String)] = []) throws -> RequestHead {
        try Request("GET", "/models", headers: fields).head
    }

    @Test(
        arguments: [
            ("/healthz", nil, 200), ("/models", nil, 401), ("/models", alice, 200),
            ("/models", "striate_wrong", 401), ("/models", "", 401), ("/metrics", nil, 401),
            ("/metrics", alice, 403), ("/metrics", root, 200), ("/models", root, 200),
            ("/nothing", nil, 404),
        ] as [(String, String?, Int)]
    )
    func `a route is open to whom it is for`(target: String, key: String?, status: Int) throws {
        for field in [
            ("Authorization", "Bearer "), ("X-API-Key", ""), ("authorization", "bearer "),
        ] {
            let fields = key.map { [(field.0, field.1 + $0)] } ?? []
            let reply = try Reply("GET", target, fields, from: Self.guarded)
            #expect(reply.status == status)
            #expect(reply.header("Server-Timing")?.contains("decode;dur=") == true)
            if status == 401 {
                #expect(reply.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
                #expect(try reply.json()["code"] as? String == "unauthorized")
            }
        }
    }

    @Test func `a request without a key is refused before its body is read`() throws {
        let request = try Request("POST", "/models/scripture/next", body: Bytes([1]))
        guard case .respond(let response, _) = Self.guarded.admit(request.head) else {
            Issue.record("the request was admitted")
            return
        }
        #expect(response.status == .unauthorized)
    }

    @Test func `a key's rate and its burst are kept, and the wait is told`() throws {
        let use = KeyUse()
        let key = Self.keys[1]
        let start = ContinuousClock.now
        try use.count(key, at: start)
        try use.count(key, at: start)
        let error = #expect(throws: ServiceError.self) { try use.count(key, at: start) }
        #expect(
            error?.response(requestID: "r").headers.contains { $0 == ("Retry-After", "1") } == true
        )
        #expect(error?.status == .tooManyRequests)
        try use.count(key, at: start + .seconds(1))
        #expect(throws: ServiceError.self) { try use.count(key, at: start + .seconds(1)) }
        // However long the pause, no more than the burst comes at once.
        for _ in 0..<2 { try use.count(key, at: start + .seconds(100)) }
        #expect(throws: ServiceError.self) { try use.count(key, at: start + .seconds(100)) }
    }

    @Test func `a key's concurrent requests are counted until they end`() throws {
        let use = KeyUse()
        let key = Self.keys[1]
        var place = try use.enter(key)
        #expect(place != nil)
        #expect(throws: ServiceError.self) { try use.enter(key) }
        place = nil
        #expect(try use.enter(key) != nil)
        #expect(try use.enter(Self.keys[0]) == nil)
    }

    @Test(
        arguments: [
            ("127.0.0.1", false, false, "127.0.0.1"), ("::1", false, false, "::1"),
            ("0.0.0.0", false, false, "127.0.0.1"), ("::", false, false, "::1"),
            ("10.0.0.1", false, false, "127.0.0.1"), ("0.0.0.0", true, false, "0.0.0.0"),
            ("0.0.0.0", false, true, "0.0.0.0"),
        ]
    )
    func `without keys only this machine is served`(
        host: String,
        hasKeys: Bool,
        isAnonymous: Bool,
        expected: String
    ) {
        var configuration = Configuration()
        configuration.host = host
        configuration.anonymous = isAnonymous
        let binding = Binding(configuration, hasKeys: hasKeys)
        #expect(binding.host == expected)
        #expect((binding.refusedHost != nil) == (host != expected))
    }

    @Test func `what changes the server needs an administrator, or this machine`() throws {
        func policy(_ keys: [AccessKey], host: String, anonymous: Bool) -> AccessPolicy {
            var configuration = Configuration()
            configuration.host = host
            configuration.anonymous = anonymous
            return Settings(configuration, keys: keys).access
        }
        try policy([], host: "127.0.0.1", anonymous: false).check(.administrators, nil)
        let open = policy([], host: "0.0.0.0", anonymous: true)
        try open.check(.clients, nil)
        #expect(throws: ServiceError.self) { try open.check(.administrators, nil) }
        let mixed = policy(Self.keys, host: "0.0.0.0", anonymous: true)
        try mixed.check(.clients, nil)
        #expect(throws: ServiceError.self) { try mixed.check(.administrators, nil) }
        #expect(throws: ServiceError.self) { try mixed.check(.administrators, Self.keys[0]) }
        try mixed.check(.administrators, Self.keys[2])
    }
}

@Suite struct `Key files` {
    @Test func `what is written is read again`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let keys = [
            AccessKey(name: "a", digest: KeyDigest(of: "x"), isAdministrator: true),
            AccessKey(
                name: "b",
                digest: KeyDigest(of: "y"),
                requestsPerSecond: 5,
                burst: 7,
                concurrentRequests: 2
            ),
        ]
        try KeyFile.write(keys, to: file)
        #expect(try KeyFile.read(file) == keys)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `a digest is the SHA-256 of FIPS 180-4`() {
        #expect(
            KeyDigest(of: "abc").hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(KeyDigest(of: "abc").matches(KeyDigest(of: "abc")))
        #expect(!KeyDigest(of: "abc").matches(KeyDigest(of: "abd")))
        #expect(AccessKey.generate() != AccessKey.generate())
        #expect(AccessKey.generate().count == 60)
    }

    private static let digest = String(repeating: "0a", count: 32)

    @Test(
        arguments: [
            ("", "Expected"), ("[]", "Expected"), (#"{"key":[]}"#, "only member"),
            (#"{"keys":[{}]}"#, "name and sha256"),
            (#"{"keys":[{"name":"a b","sha256":"\#(digest)"}]}"#, "visible ASCII"),
            (#"{"keys":[{"name":"a","sha256":"00"}]}"#, "64 hexadecimal"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","burst":0}]}"#, "from 1"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","rate":1}]}"#, "one of name"),
            (
                #"{"keys":[{"name":"a","sha256":"\#(digest)"},{"name":"b","sha256":"\#(digest)"}]}"#,
                "no other"
            ),
        ]
    )
    func `a mistake is named`(text: String, phrase: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let error = #expect(throws: ConfigurationError.self) { try KeyFile.read(file) }
        #expect(error?.description.contains(phrase) == true, "\(String(describing: error))")
        #expect(error?.description.contains(file.path) == true)
    }
}

@Suite struct `Neighbours on the same machine` {
    private func status(
        _ method: String,
        _ target: String,
        _ fields: [(String, String)],
        _ service: Service = Fixture.service
    ) throws -> (Int, String?) {
        let body = [UInt8]((method == "POST" ? "{}" : "").utf8)
        let reply = try Reply(method, target, fields, body: body, from: service)
        let code = reply.status < 400 ? nil : try reply.json()["code"] as? String
        return (reply.status, code)
    }

    /// A service that listens on an address others can reach, and has no keys.
    private static let open = Fixture.service {
        $0.host = "0.0.0.0"
        $0.anonymous = true
        $0.hosts = "models.example.org, *.apps.example.org"
    }

    @Test(
        arguments: [
            ("localhost", true, true), ("LOCALHOST:8080", true, true), ("a.localhost", true, true),
            ("localhost.:80", true, true), ("127.0.0.1:1", true, true), ("127.9.9.9", true, true),
            ("[::1]:8080", true, true), ("[::ffff:127.0.0.1]", true, true),
            ("192.168.1.2:8080", false, true), ("[fe80::1]", false, true),
            ("striate", false, true), ("striate.default.svc.cluster.local:80", false, true),
            ("printer.local", false, true), ("striate.ns.svc", false, true),
            ("models.example.org:8080", false, true), ("a.apps.example.org", false, true),
            ("apps.example.org", false, false), ("example.org", false, false),
            ("evil.test:8080", false, false), ("127.0.0.1.evil.test", false, false),
            ("localhost.evil.test", false, false), ("127.0.0.1.", true, true),
            ("evil.localhost.evil", false, false), ("256.0.0.1", false, false),
            ("127.1", false, false), ("10.0..1", false, false), ("10.0.0.1.2", false, false),
            ("10.0.0.", false, false), ("10.0.0.1a", false, false), ("8.8.8.8:80", false, true),
            ("007.008.9.255", false, true),
        ] as [(String, Bool, Bool)]
    )
    func `without keys a server is called by names that no page can make lead to it`(
        host: String,
        onLoopback: Bool,
        inNetwork: Bool
    ) throws {
        for (service, isAllowed) in [(Fixture.service, onLoopback), (Self.open, inNetwork)] {
            let (code, name) = try status("GET", "/models", [("Host", host)], service)
            #expect(code == (isAllowed ? 200 : 421), "\(host)")
            #expect(name == (isAllowed ? nil : "unknown_host"))
            // Probes are answered to whatever name they know the server by.
            #expect(try status("GET", "/v2/health/live", [("Host", host)], service).0 == 200)
        }
    }

    @Test func `the refusal names the setting, and with keys or "*" any host is served`() throws {
        let fields = [("Host", "evil.test")]
        let refusal = try Reply("GET", "/models", fields).json()["error"] as? String
        #expect(refusal?.contains("hosts") == true)
        let open = Fixture.service { $0.hosts = "*" }
        #expect(try status("GET", "/models", fields, open).0 == 200)
        let key = AccessKey.generate()
        let keys = [AccessKey(name: "a", digest: KeyDigest(of: key))]
        let guarded = Fixture.service(keys: keys) { $0.anonymous = true }
        #expect(try status("GET", "/models", fields, guarded).0 == 421)
        #expect(try status("GET", "/models", fields + [("X-API-Key", key)], guarded).0 == 200)
    }

    @Test(
        arguments: [
            ("http://evil.test", true), ("null", true), ("http://localhost:3000", true),
            ("http://localhost", true), ("https://localhost.evil.test:8080", true),
            ("http://localhost:8080", false), ("HTTP://LOCALHOST:8080", false),
            ("https://localhost:8080", false),
        ]
    )
    func `a page of another origin changes nothing, in whatever form it sends`(
        origin: String,
        isForeign: Bool
    ) throws {
        let fields = [
            ("Host", "localhost:8080"), ("Origin", origin), ("Content-Type", "text/plain"),
        ]
        for target in [
            "/v2/repository/models/none/unload", "/v2/repository/models/none/load",
            "/v2/logging", "/v2/models/brackets/infer", "/models/brackets/classify",
            "/v2/repository/index",
        ] {
            let (code, name) = try status("POST", target, fields)
            #expect((code == 403 && name == "foreign_origin") == isForeign, "\(target) \(code)")
        }
        // What is only read is kept from the page by its browser.
        #expect(try status("GET", "/models", fields).0 == 200)
    }

    @Test func `origins that are named may send, and those of "*" all but change what is hosted`()
        throws
    {
        let fields = [("Host", "localhost:8080"), ("Origin", "http://a.test")]
        let named = Fixture.service { $0.corsOrigins = "http://a.test" }
        let any = Fixture.service { $0.corsOrigins = "*" }
        let unload = "/v2/repository/models/none/unload"
        #expect(try status("POST", unload, fields, named).1 == "repository_locked")
        #expect(try status("POST", unload, fields, any).1 == "foreign_origin")
        #expect(try status("POST", "/v2/models/brackets/infer", fields, any).0 == 400)
        let key = AccessKey.generate()
        let keys = [AccessKey(name: "a", digest: KeyDigest(of: key), isAdministrator: true)]
        let guarded = Fixture.service(keys: keys) { _ in }
        #expect(try status("POST", unload, fields + [("X-API-Key", key)], guarded).0 == 404)
    }
}

@Suite struct `Browsers` {
    private func service(_ origins: String) -> Service {
        Fixture.service { $0.corsOrigins = origins }
    }

    private func fields(_ reply: Reply) -> [String] {
        reply.response.headers.map(\.0).filter { $0.hasPrefix("Access-Control") }
    }

    @Test func `pages of other origins get nothing unless that is configured`() throws {
        let origin = [("Origin", "https://a.example")]
        #expect(try fields(Reply("GET", "/models", origin)).isEmpty)
        let one = service("https://a.example")
        let allowed = try Reply("GET", "/models", origin, from: one)
        #expect(allowed.header("Access-Control-Allow-Origin") == "https://a.example")
        let other = try Reply("GET", "/models", [("Origin", "https://b.example")], from: one)
        #expect(fields(other).isEmpty)
        #expect(other.response.headers.contains { $0 == ("Vary", "Origin") })
        let any = try Reply("GET", "/nothing", origin, from: service("*"))
        #expect(any.status == 404)
        #expect(any.header("Access-Control-Allow-Origin") == "*")
    }

    @Test func `a browser's question beforehand is answered without a key`() throws {
        let keys = [AccessKey(name: "a", digest: KeyDigest(of: "a"))]
        let service = Fixture.service(keys: keys) { $0.corsOrigins = "https://a.example" }
        let asked = [
            ("Origin", "https://a.example"), ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "authorization, content-type"),
        ]
        let reply = try Reply("OPTIONS", "/models/scripture/next", asked, from: service)
        #expect(reply.status == 204)
        #expect(reply.header("Access-Control-Allow-Methods")?.contains("POST") == true)
        #expect(reply.header("Access-Control-Allow-Headers") == "authorization, content-type")
        let plain = try Reply("OPTIONS", "/models/scripture/next", from: service)
        #expect(plain.header("Allow") == "POST, OPTIONS")
    }

    @Test func `drawings may load and run nothing from elsewhere`() throws {
        let reply = try Reply("GET", "/models/scripture/graph")
        #expect(reply.header("X-Content-Type-Options") == "nosniff")
        #expect(reply.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
    }
}
