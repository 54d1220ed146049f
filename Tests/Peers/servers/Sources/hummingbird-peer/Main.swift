import Hummingbird
import Logging
import NIOPosix

/// Says "ok" to GET, and to POST with "/p" how much was sent, on the port that is given.
@main
enum Peer {
    static func main() async throws {
        let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 0
        let router = Router()
        router.get("/") { _, _ in "ok" }
        router.post("/p") { request, _ in
            let body = try await request.body.collect(upTo: 8 << 20)
            return "\(body.readableBytes)"
        }
        var logger = Logger(label: "peer")
        logger.logLevel = .error
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: port),
                serverName: nil
            ),
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)),
            logger: logger
        )
        try await application.runService()
    }
}
