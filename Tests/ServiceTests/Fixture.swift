import Compute
import Files
import Foundation
import HTTP
import Logging
import Models
import Onnx
import Testing

@testable import Service
@testable import Telemetry

/// A service over the shipped models, answered without sockets.
enum Fixture {
    /// The package's folder.
    static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let service = service { _ in }

    /// A shipped model.
    static func model(_ name: String) -> Model {
        guard let model = service.repository.models.first(where: { $0.name == name }) else {
            fatalError("\(name) is not shipped")
        }
        return model
    }

    /// A service whose settings `change` has changed.
    static func service(
        keys: [AccessKey] = [],
        folders: [URL] = [package.appending(path: "config/models")],
        accessLog: AccessLog? = nil,
        store: (any SessionStore)? = nil,
        _ change: (inout Configuration) -> Void
    ) -> Service {
        let kernels = KernelSet.supported[KernelSet.supported.count - 1]
        let repository = ModelRepository(
            folders: folders,
            kernels: kernels,
            workers: Workers(count: 2)
        )
        var configuration = Configuration()
        configuration.threads = 2
        change(&configuration)
        return Service(
            repository: repository,
            configuration: configuration,
            keys: keys,
            store: store,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            accessLog: accessLog
        )
    }

    static func file(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: package.appending(path: "config/models/\(path)")))
    }

    static let shirt = "fashion/examples/shirt.png"
}

/// A reply with its JSON body at hand.
struct Reply {
    let response: Response

    init(
        _ method: String,
        _ target: String,
        _ headers: [(String, String)] = [],
        body: [UInt8] = [],
        from service: Service = Fixture.service
    ) throws {
        let request = try Request(method, target, headers: headers, body: Bytes(body))
        response = service.respond(to: request)
    }

    /// A member of the answer, always in the same words.
    func member(_ name: String) throws -> String {
        let value = try #require(try json()[name], "\(text)")
        let data = try JSONSerialization.data(
            withJSONObject: value,
            options: [.sortedKeys, .fragmentsAllowed]
        )
        return String(decoding: data, as: UTF8.self)
    }

    var status: Int { response.status.code }
    var text: String { String(decoding: response.body, as: UTF8.self) }

    func header(_ name: String) -> String? {
        response.headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }

    /// Every value of a field that may come several times.
    func headers(_ name: String) -> [String] {
        response.headers.filter { $0.0.lowercased() == name.lowercased() }.map(\.1)
    }

    /// The body as an object of Foundation's values.
    func json() throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(response.body))
        return try #require(value as? [String: Any])
    }
}
