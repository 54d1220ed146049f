import Foundation
import Testing

@testable import HTTP

/// Certificate files: replaced, broken, and those of clients.
@Suite struct CertificateTests {
    let files: TestCertificates

    init() throws {
        files = try TestCertificates()
    }

    private func name(at port: Int) throws -> String {
        try SecureClient(port: port, SecureOffer(name: "a")).serverName
    }

    @Test func `new connections get a new certificate, old ones go on`() throws {
        let configuration = TLSConfiguration(certificates: [try files.make("a.pem", for: "old")])
        try withSecureServer(configuration) { server, port in
            let old = try SecureClient(port: port)
            #expect(old.serverName == "old")
            try files.make("a.pem", for: "new")
            #expect(try server.reloadCertificates().contains("a.pem until "))
            #expect(try name(at: port) == "new")
            old.send(TLSTests.get)
            #expect(old.answer()?.text == "ok")
        }
    }

    @Test func `tickets given out before a reload are still good`() throws {
        let configuration = TLSConfiguration(certificates: [try files.make("a.pem", for: "a")])
        try withSecureServer(configuration) { server, port in
            let first = try SecureClient(port: port)
            first.send(TLSTests.get)
            #expect(first.answer()?.text == "ok")
            let ticket = first.ticket
            first.endSending()
            try server.reloadCertificates()
            #expect(try SecureClient(port: port, SecureOffer(ticket: ticket)).isResumed)
        }
    }

    /// Ways in which a file cannot be used.
    enum Damage: CaseIterable {
        case empty, halfWritten, withoutKey, nonsense, brokenByte

        func applied(to text: String) -> String {
            switch self {
            case .empty: ""
            case .halfWritten: String(text.prefix(text.count / 2))
            case .withoutKey:
                String(text[(text.range(of: "-----BEGIN CERT")?.lowerBound ?? text.endIndex)...])
            case .nonsense: "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"
            case .brokenByte: text.replacing("\nMI", with: "\n!!")
            }
        }
    }

    @Test(arguments: Damage.allCases)
    func `a file that cannot be used changes nothing, and is named`(damage: Damage) throws {
        let certificate = try files.make("a.pem", for: "old")
        let url = URL(filePath: certificate.chainFile)
        try withSecureServer(TLSConfiguration(certificates: [certificate])) { server, port in
            let text = try String(contentsOf: url, encoding: .utf8)
            try damage.applied(to: text).write(to: url, atomically: false, encoding: .utf8)
            let error = #expect(throws: HTTPError.self) { try server.reloadCertificates() }
            #expect(error.map { "\($0)" }?.contains(certificate.chainFile) == true)
            #expect(error.map { "\($0)" }?.contains(" cannot be used: ") == true)
            #expect(try name(at: port) == "old")
        }
    }

    @Test func `a key of another certificate is refused at the start`() throws {
        let first = try files.make("a.pem", for: "a")
        let second = try files.make("b.pem", for: "b")
        let mixed = TLSConfiguration.Certificate(
            chainFile: first.chainFile,
            keyFile: second.keyFile
        )
        #expect(throws: HTTPError.self) {
            try withSecureServer(TLSConfiguration(certificates: [mixed])) { _, _ in }
        }
    }

    @Test(
        arguments: [
            (.required, nil, false), (.required, "other.pem", false), (.required, "user.pem", true),
            (.optional, nil, true), (.optional, "other.pem", false), (.none, "other.pem", true),
        ] as [(TLSConfiguration.ClientCertificates, String?, Bool)]
    )
    func `clients show certificates as asked`(
        asked: TLSConfiguration.ClientCertificates,
        shown: String?,
        isServed: Bool
    ) throws {
        try files.make("user.pem", for: "user")
        try files.make("other.pem", for: "other")
        let configuration = TLSConfiguration(
            certificates: [try files.make("a.pem", for: "a")],
            clientCertificates: asked,
            clientAuthoritiesFile: files.path("user.pem")
        )
        try withSecureServer(configuration) { _, port in
            let offer = SecureOffer(certificate: shown.map(files.path))
            // In TLS 1.3 a client learns of its refusal only when it reads.
            let client = try? SecureClient(port: port, offer)
            client?.send(TLSTests.get)
            #expect((client?.answer()?.status == 200) == isServed)
        }
    }
}
