import Foundation
import Testing

@testable import Service

@Suite struct `Reloading` {
    private func keyFile(_ names: [String]) throws -> URL {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
        try KeyFile.write(
            names.map { AccessKey(name: $0, digest: KeyDigest(of: $0)) },
            to: file
        )
        return file
    }

    private func status(_ key: String?, _ service: Service) throws -> Int {
        let fields = key.map { [("X-API-Key", $0)] } ?? []
        return try Reply("GET", "/models", fields, from: service).status
    }

    @Test func `a changed key file counts at once, a broken one does not`() throws {
        let file = try keyFile(["a"])
        let service = Fixture.service(keys: try KeyFile.read(file)) { $0.keysFile = file.path }
        #expect(try status("a", service) == 200)
        #expect(try status("b", service) == 401)
        try KeyFile.write([AccessKey(name: "b", digest: KeyDigest(of: "b"))], to: file)
        #expect(try service.reloadKeys() == "b")
        #expect(try status("a", service) == 401)
        #expect(try status("b", service) == 200)
        try Data("{\"keys\":[".utf8).write(to: file)
        #expect(throws: ConfigurationError.self) { try service.reloadKeys() }
        #expect(try status("b", service) == 200)
        try FileManager.default.removeItem(at: file)
        #expect(throws: ConfigurationError.self) { try service.reloadKeys() }
        #expect(try status("b", service) == 200)
    }

    @Test func `a reload never opens a server to everybody`() throws {
        let file = try keyFile(["a"])
        defer { try? FileManager.default.removeItem(at: file) }
        let service = Fixture.service(keys: try KeyFile.read(file)) {
            $0.keysFile = file.path
            $0.host = "0.0.0.0"
        }
        try KeyFile.write([], to: file)
        let error = #expect(throws: ConfigurationError.self) { try service.reloadKeys() }
        #expect(error?.description.contains("0.0.0.0") == true)
        #expect(try status(nil, service) == 401)
    }

    @Test func `another configuration says what it changes and what needs a restart`() throws {
        let service = Fixture.service { _ in }
        var new = service.configuration
        #expect(try service.reconfigure(new) == "nothing changed")
        new.corsOrigins = "*"
        new.port = 1
        let summary = try service.reconfigure(new)
        #expect(summary == "changed cors_origins; needs a restart for port")
        let reply = try Reply("GET", "/models", [("Origin", "https://a")], from: service)
        #expect(reply.header("Access-Control-Allow-Origin") == "*")
        new.keysFile = "/nowhere.json"
        #expect(throws: ConfigurationError.self) { try service.reconfigure(new) }
        #expect(service.configuration.keysFile.isEmpty)
        #expect(Service.liveSettings.isSubset(of: Setting.all.map(\.name)))
    }
}
