import ArgumentParser
import FoundationEssentials
import Glibc
import Service

/// `striate health`: asks a running server whether it is ready; for container health checks.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a server on this machine whether it is ready.",
        discussion: "Exit code 0 if it answers 200 to GET /healthz, else 1."
    )

    @Option(help: "The server's port; STRIATE_PORT or 8080 unless given.")
    var port: Int?

    func run() throws {
        let variable = ProcessInfo.processInfo.environment["STRIATE_PORT"].flatMap { Int($0) }
        let port = port ?? variable ?? 8080
        guard (1...65535).contains(port) else {
            throw ValidationError("a port is a number from 1 to 65535")
        }
        do {
            var connection = try LoadConnection(port: port)
            let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            _ = try connection.exchange(Array(request.utf8))
        } catch {
            print("not ready: no server on port \(port) that answers GET /healthz with 200")
            throw ExitCode.failure
        }
        print("ready")
    }
}
