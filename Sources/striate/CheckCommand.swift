import ArgumentParser
import Glibc
import Graph
import Models
import Service
import TensorFormats

/// `striate check`: whether a model is fit to be served.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Load a model, verify its check vectors and print its layers.",
        discussion: """
            Examples:
              striate check config/models/fashion
              striate check fashion --images t10k-images-idx3-ubyte.gz --labels t10k-labels-idx1-ubyte.gz
              striate check scripture --text held-out.txt
            """
    )

    @OptionGroup var argument: ModelArgument

    @Option(help: "Labelled pictures (IDX, may be gzipped): prints the accuracy.")
    var images: String?

    @Option(help: "The pictures' labels (IDX, may be gzipped).")
    var labels: String?

    @Option(help: "A text: prints the bits per symbol.")
    var text: String?

    func validate() throws {
        guard (images == nil) == (labels == nil) else {
            throw ValidationError("--images and --labels go together")
        }
    }

    func run() throws {
        let model: Model
        do {
            model = try argument.load()
        } catch ModelError.several(let mistakes) {
            print("\(argument.model): \(mistakes.count) mistakes")
            for mistake in mistakes { print("  \(mistake)") }
            throw ExitCode.failure
        }
        print(SummaryTable(model).text)
        print("check vectors: \(model.hasCheckVectors ? "passed" : "none")")
        printDefinitions(model)
        if let images, let labels { try printAccuracy(model, images, labels) }
        if let text { try printScore(model, text) }
    }

    /// What runs slowly, and why.
    private func printDefinitions(_ model: Model) {
        let found = model.byDefinition
        guard !found.nodes.isEmpty else { return }
        print(
            "computed by definition: \((found.share * 1000).rounded() / 10) % of the multiply–adds"
        )
        for node in found.nodes.prefix(20) {
            print("  \(node.op) \"\(node.layer)\": \(node.reason)")
        }
        if found.nodes.count > 20 { print("  and \(found.nodes.count - 20) more") }
    }

    private func printAccuracy(_ model: Model, _ images: String, _ labels: String) throws {
        let pictures = try IDX.read(images)
        let progress = ProgressBar(total: pictures.shape.first ?? 0)
        let accuracy = try Accuracy.measure(
            model,
            pictures: pictures,
            labels: try IDX.read(labels).values,
            progress: { progress.show($0) }
        )
        progress.finish()
        let percent = (accuracy.value * 10_000).rounded() / 100
        print("accuracy: \(percent) % (\(accuracy.correct) of \(accuracy.total))")
    }

    private func printScore(_ model: Model, _ file: String) throws {
        guard let text = String(validating: try IDX.bytes(file), as: UTF8.self) else {
            throw EvaluationError.invalidData(file: file, reason: "is not UTF-8 text")
        }
        let progress = ProgressBar(total: text.count)
        let score = try SymbolScore.measure(model, text: text, progress: { progress.show($0) })
        progress.finish()
        let bits = (score.bitsPerSymbol * 10_000).rounded() / 10_000
        print("bits per symbol: \(bits) (\(score.symbols) symbols after the first)")
    }
}
