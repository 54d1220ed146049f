import FlyingFox
import FlyingSocks
import Foundation

/// Says "ok" to GET, and to POST with "/p" how much was sent, on the port that is given.
@main
enum Peer {
    static func main() async throws {
        let port = CommandLine.arguments.dropFirst().first.flatMap { UInt16($0) } ?? 0
        let address = try sockaddr_in.inet(ip4: "127.0.0.1", port: port)
        let server = HTTPServer(address: address, logger: .disabled)
        await server.appendRoute("GET /") { _ in
            HTTPResponse(
                statusCode: .ok,
                headers: [.contentType: "text/plain"],
                body: Data("ok".utf8)
            )
        }
        await server.appendRoute("POST /p") { request in
            let body = try await request.bodyData
            return HTTPResponse(statusCode: .ok, body: Data("\(body.count)".utf8))
        }
        try await server.run()
    }
}
