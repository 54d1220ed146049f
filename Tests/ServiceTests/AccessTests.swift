import Foundation
import HTTP
import Testing

@testable import Service

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
        guard case .respond(let response) = Self.guarded.admit(request.head) else {
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
