import Foundation

@testable import HTTP

/// Certificates made by openssl for one test, deleted with their owner.
final class TestCertificates {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// A self-signed certificate and its key, both in one file, for a host name.
    @discardableResult
    func make(_ file: String, for name: String) throws -> TLSConfiguration.Certificate {
        try openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=\(name)",
            "-addext",
            "subjectAltName=DNS:\(name)",
            "-keyout",
            path("key"),
            "-out",
            path("chain")
        )
        let both = try ["key", "chain"].map { try Data(contentsOf: folder.appending(path: $0)) }
        try (both[0] + both[1]).write(to: folder.appending(path: file))
        return TLSConfiguration.Certificate(chainFile: path(file), keyFile: path(file))
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw CocoaError(.executableLoad) }
    }
}

/// Runs `body` against a server with a plain and a secure port, and shuts the server down.
func withSecureServer(
    _ certificates: TLSConfiguration,
    loops: Int = 2,
    limits: Limits = Limits(),
    service: TestService = TestService(),
    _ body: (Server, Int) throws -> Void
) throws {
    let server = Server(
        configuration: ServerConfiguration(
            securePort: 0,
            certificates: certificates,
            loops: loops,
            limits: limits
        ),
        handler: service
    )
    try server.start()
    defer { server.shutdown(grace: .milliseconds(200)) }
    try body(server, server.securePort ?? 0)
}
