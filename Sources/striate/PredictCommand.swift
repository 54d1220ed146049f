import Texts
import ArgumentParser
import FoundationEssentials
import Glibc
import HTTP
import Logging
import Models
import Service
import TensorFormats

/// `striate predict`: one answer without a server.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract:
            "Answer once, without a server: labels of a picture or series, next symbols of a text.",
        discussion: """
            Examples:
              striate predict fashion shirt.png
              striate predict fashion shirt.png --top 3 --json
              striate predict series config/models/series/examples/speaker-1.csv
              printf 'In the beginning God created the heav' | striate predict scripture -
            """
    )

    @OptionGroup var argument: ModelArgument

    @Argument(
        help: "A picture, a text or, for a series, a CSV file; - for standard input.",
        completion: .file()
    )
    var file: String

    @Option(help: "How many answers, the likeliest first; 5 unless given, or as many as there are.")
    var top: Int?

    @Flag(help: "Print the server's JSON answer instead of a table.")
    var json = false

    func run() throws {
        let repository = try argument.repository()
        guard let model = repository.models.first else { throw StartError.noModels([]) }
        let service = Service(
            repository: repository,
            configuration: Configuration(),
            logger: Logger(label: "striate", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let response = service.respond(to: try request(for: model))
        guard response.status.code == 200 else {
            throw PredictionError(response.body)
        }
        if json {
            writeOut(response.body)
        } else {
            for line in columns(rows(of: response.body), rightAligned: [0]) { print(line) }
        }
    }

    private func request(for model: Model) throws -> Request {
        let operation = model.manifest.operations.first ?? "classify"
        let query =
            switch operation {
            case "features": "?pool=mean"
            case "encode", "segment": ""
            default: top.map { "?top=\($0)" } ?? ""
            }
        let type =
            switch model.manifest.task.input {
            case .pictures, .series, .tensors: "application/octet-stream"
            case .symbols: "text/plain"
            case .steps: operation == "encode" ? "application/json" : "text/plain"
            case .trees: "application/json"
            }
        return try Request(
            "POST",
            "/models/\(model.name)/\(operation)\(query)",
            headers: [("Content-Type", type)],
            body: Bytes(try input())
        )
    }

    private func input() throws -> Data {
        if file == "-" { return Data(readStandardInput()) }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw EvaluationError.invalidData(file: file, reason: "is missing or unreadable")
        }
        return data
    }

    /// Probabilities with their labels or symbols, or the channels' values of each layer.
    private func rows(of body: [UInt8]) -> [[String]] {
        let document = plainJSON(body) as? [String: Any]
        if let layers = document?["layers"] as? [String: [String: Any]] {
            return layers.sorted { $0.key < $1.key }.flatMap { name, layer in
                (layer["data"] as? [Double] ?? []).enumerated().map { channel, value in
                    [String(channel), name, String(Float(value))]
                }
            }
        }
        if let state = document?["state"] as? [Double] {
            return state.enumerated().map { [String($0), String(Float($1))] }
        }
        if let boxes = document?["boxes"] as? [[String: Any]] {
            return boxes.map { entry in
                let edges = (entry["box"] as? [Double] ?? []).map { String(Int($0.rounded())) }
                let label = entry["label"] as? String ?? ""
                return [percent(entry["score"]), label, edges.joined(separator: " ")]
            }
        }
        if let classes = document?["classes"] as? [[String: Any]] {
            return classes.map { [percent($0["share"]), $0["label"] as? String ?? ""] }
        }
        let list = document?["predictions"] ?? document?["next"]
        return (list as? [[String: Any]] ?? []).map { entry in
            let name =
                entry["label"] as? String
                ?? (entry["symbol"] as? String)?.debugDescription
            return [percent(entry["probability"]), name ?? ""]
        }
    }

    private func percent(_ share: Any?) -> String {
        fixed((share as? Double ?? 0) * 100, 2) + " %"
    }
}

/// The service's refusal, as the sentence it would send.
private struct PredictionError: Error, CustomStringConvertible {
    let description: String

    init(_ body: [UInt8]) {
        let document = plainJSON(body) as? [String: Any]
        description = document?["error"] as? String ?? "the model did not answer"
    }
}
