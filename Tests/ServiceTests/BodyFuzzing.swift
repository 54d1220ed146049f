import Compute
import Foundation
import HTTP
import Logging
import Models
import Service
import TensorFormats

/// Whatever body a route is sent, the answer is a success or a refusal in JSON, never a fault of the server's own.
///
/// The first byte chooses route and Content-Type, the rest is the body.
@Sendable
func fuzzBodies(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let (target, fields) = requests[Int(first) % requests.count]
    let body = Bytes(bytes.dropFirst())
    guard let request = try? Request("POST", target, headers: fields, body: body) else { return }
    let response = service.respond(to: request)
    precondition(
        response.status.code < 500 || response.status.code == 504,
        "\(response.status.code) \(String(decoding: response.body, as: UTF8.self))"
    )
    guard response.status.code >= 400 else { return }
    var reader = JSONReader(response.body)
    var hasSentence = false
    do {
        try reader.object { (key, reader) throws(JSONError) in
            if key == "error" { hasSentence = try !reader.string().isEmpty }
        }
        try reader.end()
    } catch {
        preconditionFailure("\(error)")
    }
    precondition(hasSentence)
}

private let requests: [(target: String, fields: [(String, String)])] = {
    let json = [("Content-Type", "application/json")]
    let form = [("Content-Type", "multipart/form-data; boundary=XX")]
    let table = [("Content-Type", "text/csv")]
    let binary = { (count: Int) in
        [
            ("Content-Type", "application/octet-stream"),
            ("Inference-Header-Content-Length", "\(count)"),
        ]
    }
    return [
        ("/models/lenet/classify", json), ("/models/lenet/classify", form),
        ("/models/lenet/classify", []), ("/models/lenet/features?pool=max", json),
        ("/models/brackets/classify", json),
        ("/models/brackets/classify", [("Content-Type", "text/plain")]),
        ("/models/series/classify", json), ("/models/series/classify", table),
        ("/models/orbit/encode", json), ("/models/listops/tree?nodes=true", json),
        ("/models/language/classify", json), ("/v2/models/lenet/infer", json),
        ("/v2/models/lenet/infer", binary(0)), ("/v2/models/lenet/infer", binary(100)),
        ("/v2/models/lenet/infer", binary(200)), ("/v2/models/brackets/infer", json),
        ("/v2/models/orbit/infer", json), ("/v2/models/series/infer", json),
        ("/v2/models/series/infer", binary(150)), ("/v2/repository/index", json),
        ("/v1/models/lenet:predict", json), ("/v1/models/lenet:classify", json),
        ("/v1/models/series:predict", json), ("/v1/models/brackets:predict", json),
    ]
}()

/// The small ones of the shipped models, found from the package's folder.
private let service: Service = {
    let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let names = ["lenet", "brackets", "series", "orbit", "listops", "language"]
    let repository = ModelRepository(
        folders: names.map { package.appending(path: "config/models/\($0)") },
        kernels: KernelSet.supported[KernelSet.supported.count - 1],
        workers: Workers(count: 1)
    )
    precondition(repository.models.count == names.count, "a model is missing")
    var configuration = Configuration()
    configuration.threads = 1
    configuration.maximumPixels = 1 << 16
    configuration.sequenceLimit = 1000
    configuration.seriesNumbers = 10_000
    configuration.computeBytes = 16 << 20
    configuration.answerNumbers = 100_000
    return Service(
        repository: repository,
        configuration: configuration,
        logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() })
    )
}()
