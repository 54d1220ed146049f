import Foundation
import Testing

/// HTTPS as curl sees it, while certificate files change.
@Suite struct SecureServerTests {
    private let folder: URL
    private var file: URL { folder.appending(path: "certificate.pem") }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "secure-\(UUID())")
        try makeCertificate(for: "localhost")
    }

    private func makeCertificate(for name: String) throws {
        let script = LiveServer.package.appending(path: "dev").path
        _ = try LiveServer.run(script, ["certificate", folder.path, name])
    }

    /// What curl gets of `/healthz` while it trusts the certificate in the file alone.
    private func health(_ name: String, _ port: Int) throws -> String {
        let (output, _) = try LiveServer.run(
            "curl",
            [
                "-s", "-m", "60", "--cacert", file.path, "--resolve", "\(name):\(port):127.0.0.1",
                "https://\(name):\(port)/healthz",
            ]
        )
        return String(decoding: output, as: UTF8.self)
    }

    private func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        let end = ContinuousClock.now + .seconds(120)
        while try !condition() {
            if ContinuousClock.now > end { return false }
            usleep(50_000)
        }
        return true
    }

    @Test func `certificates are followed while the server runs, bad ones are not`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let server = try LiveServer([
            "--tls-port", "0", "--tls-certificate", file.path, "--set", "reload_seconds=1",
        ])
        let port = server.ports[1]
        #expect(try health("localhost", port).contains("ready"))
        #expect(try server.curl("/healthz").status == 200)

        try makeCertificate(for: "renewed.test")
        #expect(try eventually { try health("renewed.test", port).contains("ready") })

        let good = try Data(contentsOf: file)
        try good.prefix(200).write(to: file)
        #expect(eventually { server.log.contains("the old state stays") })
        #expect(server.log.contains("certificate.pem cannot be used"))
        try good.write(to: file)
        kill(server.process.processIdentifier, SIGHUP)
        #expect(try eventually { try health("renewed.test", port).contains("ready") })
    }

    @Test func `settings that do not fit together are refused`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for arguments in [
            ["--tls-certificate", "a.pem", "--tls-key", "b.pem", "--tls-key", "c.pem"],
            ["--port", "-1"], ["--set", "tls_client_certificates=required"],
            ["--tls-certificate", "missing.pem"],
        ] {
            let program = try LiveServer.program().path
            let (_, messages) = try LiveServer.run(program, ["serve"] + arguments)
            #expect(messages.contains("Error: "), "\(messages)")
        }
    }
}
