import Texts
import FoundationEssentials
import Glibc

/// This binary as a server in a process of its own, under load over loopback.
struct ServerBench {
    let models: URL
    let seconds: Double
    let connections: Int
    /// Requests of the memory run.
    let soak: Int

    enum Failure: Error, CustomStringConvertible {
        case notReady

        var description: String { "the server did not become ready within ten seconds" }
    }

    func run() throws {
        let (process, port, ready) = try start()
        defer {
            process.end()
        }
        print("server (loopback, client on the same cores)")
        print("  exec to first answer             \(fixed(ready * 1000, 1)) ms")
        print("  resident memory after load       \(memory(process)) MB")
        try load(port, "GET /healthz", get("/healthz"))
        if let shirt = example() {
            try load(
                port,
                "POST fashion/classify, PNG",
                post("/models/fashion/classify", shirt, "image/png")
            )
        }
        let text = Data(#"{"text":"In the beginning God created the heav"}"#.utf8)
        let next = post("/models/scripture/next", text, "application/json")
        try load(port, "POST scripture/next, 37 symbols", next)
        let one = post("/models/scripture/next", Data(#"{"text":"I"}"#.utf8), "application/json")
        try load(port, "POST scripture/next, 1 symbol", one)
        if let shirt = example(), soak > 0 {
            let request = post("/models/fashion/classify", shirt, "image/png")
            _ = LoadRun(
                port: port,
                request: request,
                connections: connections,
                seconds: 600,
                requests: soak
            ).run()
            print("  resident memory after \(soak) requests  \(memory(process)) MB")
        }
    }

    private func load(_ port: Int, _ name: String, _ request: [UInt8]) throws {
        for count in [1, connections] {
            let result = LoadRun(
                port: port,
                request: request,
                connections: count,
                seconds: seconds
            ).run()
            let total = result.latencies.sorted.reduce(0, +)
            let mean = 1000 * total / Double(max(result.latencies.sorted.count, 1))
            var line =
                "  " + column(name, 33) + column("\(count)", 4, right: true) + " conn "
                + column(fixed(result.requestsPerSecond, 0), 8, right: true) + " req/s  p50 "
                + column(fixed(result.latencies.median * 1e6, 0), 6, right: true) + " µs  p99 "
                + column(fixed(result.latencies.quantile(0.99) * 1e6, 0), 6, right: true) + " µs"
            if let compute = result.phases["compute"], mean > 0 {
                let phases = result.phases.sorted { $0.key < $1.key }
                    .map { "\($0.key) \(fixed($0.value * 1000, 0)) µs" }.joined(separator: ", ")
                line += "  computing \(fixed(100 * compute / mean, 0)) % (\(phases))"
            }
            if result.failures > 0 { line += "  \(result.failures) failures" }
            print(line)
        }
    }

    /// Starts the server on a free port and waits for its first answer.
    private func start() throws -> (process: ServerProcess, port: Int, seconds: Double) {
        let ready = FileManager.default.temporaryDirectory
            .appending(path: "striate-bench-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: ready) }
        let begin = Date()
        let process = try ServerProcess([
            "serve", "--port", "0", "--ready-file", ready.path, "--models", models.path,
            "--log-level", "error",
        ])
        while Date().timeIntervalSince(begin) < 10 {
            if let text = try? String(contentsOf: ready, encoding: .utf8),
                let port = Int(text.prefix { $0 != "\n" }),
                var connection = try? LoadConnection(port: port),
                (try? connection.exchange(get("/healthz"))) != nil
            {
                return (process, port, Date().timeIntervalSince(begin))
            }
            usleep(500)
        }
        process.end()
        throw Failure.notReady
    }

    private func example() -> Data? {
        try? Data(contentsOf: models.appending(path: "fashion/examples/shirt.png"))
    }

    /// Resident megabytes (10⁶ bytes) of the server.
    private func memory(_ process: ServerProcess) -> String {
        let path = "/proc/\(process.identifier)/status"
        let status = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        for line in status.split(separator: "\n") where line.hasPrefix("VmRSS:") {
            let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
            return fixed((kibibytes.flatMap { Double($0) } ?? 0) * 1024 / 1e6, 1)
        }
        return "?"
    }

    private func get(_ target: String) -> [UInt8] {
        Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
    }

    private func post(_ target: String, _ body: Data, _ type: String) -> [UInt8] {
        Array(
            """
            POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n\
            Content-Length: \(body.count)\r\n\r\n
            """.utf8
        ) + body
    }
}
