import ArgumentParser
import Foundation
import HTTP
import Inference
import Logging
import Service

/// `striate predict`: one answer without a server.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Answer once, without a server: labels of a picture, next symbols of a text.",
        discussion: """
            Examples:
              striate predict fashion shirt.png
              striate predict fashion shirt.png --top 3 --json
              printf 'In the beginning God created the heav' | striate predict scripture -
            """
    )

    @OptionGroup var argument: ModelArgument

    @Argument(help: "A picture or a text file; - for standard input.", completion: .file())
    var file: String

    @Option(help: "How many answers, the likeliest first.")
    var top = 5

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
        if json || response.headers.contains(where: { $0.1 == "application/json" }) {
            FileHandle.standardOutput.write(Data(response.body))
        } else {
            printTable(String(decoding: response.body, as: UTF8.self))
        }
    }

    private func request(for model: Model) throws -> Request {
        let type = model.manifest.task == .nextSymbol ? "text/plain" : "application/octet-stream"
        let accept = json ? "application/json" : "text/csv"
        let route =
            switch model.manifest.task {
            case .imageClassification: "classify?top=\(top)"
            case .imageFeatures: "features?pool=mean"
            case .nextSymbol: "next?top=\(top)"
            }
        return try Request(
            "POST",
            "/models/\(model.name)/\(route)",
            headers: [("Content-Type", type), ("Accept", accept)],
            body: Bytes(try input())
        )
    }

    private func input() throws -> Data {
        if file == "-" { return FileHandle.standardInput.readDataToEndOfFile() }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw EvaluationError.invalidData(file: file, reason: "is missing or unreadable")
        }
        return data
    }

    private func printTable(_ table: String) {
        let rows = table.split(whereSeparator: \.isNewline).map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let width = rows.first?.count else { return }
        for line in columns(rows.filter { $0.count == width }, rightAligned: []) { print(line) }
    }
}

/// The service's refusal, as the sentence it would send.
private struct PredictionError: Error, CustomStringConvertible {
    let description: String

    init(_ body: [UInt8]) {
        let document = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        description = document?["error"] as? String ?? "the model did not answer"
    }
}
