import Dispatch
import Foundation
import HTTP

/// A server that does as little as possible, for suites of the protocol and for benchmarks.
///
/// usage: http-sample PORT LOOPS [SECURE_PORT CERTIFICATE]
@main
enum Sample {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst().map(\.self)
        guard arguments.count == 2 || arguments.count == 4, let port = Int(arguments[0]),
            let loops = Int(arguments[1])
        else {
            print("usage: http-sample PORT LOOPS [SECURE_PORT CERTIFICATE]")
            exit(64)
        }
        var configuration = ServerConfiguration(port: port, loops: loops)
        if arguments.count == 4 {
            let file = arguments[3]
            configuration.securePort = Int(arguments[2])
            configuration.certificates = TLSConfiguration(
                certificates: [TLSConfiguration.Certificate(chainFile: file, keyFile: file)]
            )
        }
        let server = Server(configuration: configuration, handler: SampleHandler())
        try server.start()
        waitForSignal()
        server.shutdown(grace: .seconds(1))
    }

    private static func waitForSignal() {
        let ended = DispatchSemaphore(value: 0)
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        source.setEventHandler { @Sendable in ended.signal() }
        source.resume()
        ended.wait()
        source.cancel()
    }
}

/// Says "ok" to GET, and to POST what was sent, or with "/p" how much.
final class SampleHandler: Handler {
    private let text = [("Content-Type", "text/plain")]

    func admit(_ head: RequestHead) -> Admission { .read(bodyLimit: 16 << 20) }

    func handle(_ request: Request, _ exchange: Exchange) {
        let allow = ("Allow", "GET, HEAD, POST, OPTIONS")
        switch (request.method, request.target) {
        case ("GET", "/"), ("HEAD", "/"):
            exchange.respond(Response(.ok, headers: text, body: [111, 107]))
        case ("POST", "/"):
            exchange.respond(Response(.ok, headers: text, body: Array(request.body)))
        case ("POST", "/p"):
            let count = Array(String(request.body.count).utf8)
            exchange.respond(Response(.ok, headers: text, body: count))
        case ("OPTIONS", _): exchange.respond(Response(.noContent, headers: [allow]))
        case (_, "/"), (_, "/p"):
            exchange.respond(Response(.methodNotAllowed, headers: [allow]))
        default: exchange.respond(Response(.notFound))
        }
    }

    func errorResponse(_ error: HTTPError, requestID: String) -> Response {
        Response(error.status, headers: text, body: Array(error.code.utf8))
    }

    func log(_ record: AccessRecord) {}
}
