import Testing

@testable import Redis

@Suite("Addresses of Redis")
struct AddressTests {
    @Test func `hosts, ports, passwords, databases and sentinels are read`() throws {
        let plain = try #require(RedisAddress("redis://localhost"))
        #expect(plain.nodes.map(\.description) == ["localhost:6379"])
        #expect(plain.database == 0 && !plain.isEncrypted && plain.sentinelName == nil)

        let whole = try #require(RedisAddress("rediss://ada:p%40ss%3A@[::1]:7000/3?ca=/etc/ca.pem"))
        #expect(whole.nodes == [RedisAddress.Node(host: "::1", port: 7000)])
        #expect(whole.user == "ada" && whole.password == "p@ss:" && whole.database == 3)
        #expect(whole.isEncrypted && whole.authorities == "/etc/ca.pem")
        #expect(!whole.description.contains("ss:@") && whole.description == "rediss://[::1]:7000/3")

        let watched = try #require(RedisAddress("redis+sentinel://:word@a:1,b/states/2"))
        #expect(watched.nodes.map(\.description) == ["a:1", "b:26379"])
        #expect(watched.sentinelName == "states" && watched.database == 2)
        #expect(watched.user.isEmpty && watched.password == "word")
    }

    @Test(arguments: [
        "", "localhost", "http://a", "redis://", "redis://a:0", "redis://a:70000", "redis://a:x",
        "redis://a/x", "redis://a/0/1", "redis://a/-1", "redis://a,", "redis+sentinel://a",
        "redis://word@a", "redis://a?x=1", "redis://[::1", "redis://[::1]7",
    ])
    func `what is no address is refused`(_ text: String) {
        #expect(RedisAddress(text) == nil)
    }

    /// The Redis Cluster Specification's own example, and its rule for braces.
    @Test func `keys fall into slots`() {
        #expect(ClusterSlots.slot(of: Array("123456789".utf8)) == 0x31C3)
        #expect(
            ClusterSlots.slot(of: Array("{user1000}.following".utf8))
                == ClusterSlots.slot(of: Array("user1000".utf8))
        )
        #expect(
            ClusterSlots.slot(of: Array("foo{}{bar}".utf8))
                == ClusterSlots.slot(of: Array("foo{}{bar}".utf8))
        )
        #expect(
            ClusterSlots.slot(of: Array("foo{{bar}}zap".utf8))
                == ClusterSlots.slot(of: Array("{bar".utf8))
        )
    }

    @Test func `nodes tell where keys are`() {
        var slots = ClusterSlots()
        #expect(slots.node(of: Array("123456789".utf8)) == nil)
        let moved = slots.redirection("MOVED 12739 127.0.0.1:7003")
        #expect(moved?.node == RedisAddress.Node(host: "127.0.0.1", port: 7003))
        #expect(moved?.isOnce == false)
        #expect(slots.node(of: Array("123456789".utf8))?.port == 7003)
        #expect(slots.redirection("ASK 1 ::1:7004")?.isOnce == true)
        for words in ["ERR no", "MOVED", "MOVED x 1:1", "MOVED 1 host", "ASK 1 host:0"] {
            #expect(slots.redirection(words) == nil)
        }
        slots.forget(RedisAddress.Node(host: "127.0.0.1", port: 7003))
        #expect(slots.node(of: Array("123456789".utf8)) == nil)
    }
}

@Suite("Replies of Redis")
struct ReplyTests {
    @Test func `replies are read however they are cut`() throws {
        let text = "+OK\r\n:-7\r\n$5\r\na\0b\r\n\r\n*3\r\n$-1\r\n*0\r\n$1\r\nx\r\n-ERR no\r\n"
        let bytes = Array(text.utf8)
        let wanted: [RedisReply] = [
            .status("OK"), .integer(-7), .bytes(Array("a\0b\r\n".utf8)),
            .array([.null, .array([]), .bytes([120])]), .error("ERR no"),
        ]
        for size in 1...bytes.count {
            let reader = try ReplyReader()
            var replies: [RedisReply] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                let part = Array(bytes[start..<min(start + size, bytes.count)])
                try reader.feed(part.span)
                while let reply = try reader.next() { replies.append(reply) }
            }
            #expect(replies == wanted, "pieces of \(size) bytes")
        }
    }

    @Test func `what is no reply is an error`() throws {
        let reader = try ReplyReader()
        let bytes = Array("HTTP/1.1 200 OK\r\n".utf8)
        try reader.feed(bytes.span)
        #expect(throws: RedisFault.self) { try reader.next() }
    }

    @Test func `commands are written as arrays of texts`() {
        let command = [Array("GET".utf8), [0, 13, 10]]
        #expect(encoded(command) == Array("*2\r\n$3\r\nGET\r\n$3\r\n\0\r\n\r\n".utf8))
    }

    /// Nobody listens: there is an error, in time, and other commands wait no longer.
    @Test func `a server that is not there is an error`() async throws {
        let address = try #require(RedisAddress("redis://127.0.0.1:1"))
        let client = RedisClient(address, connections: 2, milliseconds: 2000)
        for _ in 0..<3 {
            let answer = await withCheckedContinuation { done in
                client.run([[Array("PING".utf8)]], key: []) { done.resume(returning: $0) }
            }
            guard case .failure(.unreachable(let reason)) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(reason.contains("127.0.0.1:1"))
        }
    }
}
