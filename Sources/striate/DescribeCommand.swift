import ArgumentParser
import Engine
import Models

/// `striate describe`: what a model is, without running it.
struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Print what a model is: input, outputs, labels, score, licence and layers.",
        discussion: """
            Examples:
              striate describe config/models/fashion
              striate describe scripture
            """
    )

    @OptionGroup var argument: ModelArgument

    func run() throws {
        let model = try argument.load(verifies: false)
        print(SummaryTable(model).text)
        print("")
        for line in columns(facts(of: model), rightAligned: []) { print(line) }
    }

    private func facts(of model: Model) -> [[String]] {
        let manifest = model.manifest
        var facts = [["task", manifest.task.name], ["input", input(manifest.input)]]
        facts.append(["outputs", manifest.outputs.joined(separator: ", ")])
        if !manifest.labels.isEmpty {
            facts.append(["labels", manifest.labels.joined(separator: ", ")])
        }
        if let layer = manifest.featuresLayer { facts.append(["features", layer]) }
        if let score = manifest.score {
            facts.append(["score", "\(score.metric) \(score.value) (\(score.data))"])
        }
        return facts + [
            ["numerics", model.numerics], ["source", manifest.source],
            ["licence", manifest.licence],
        ]
    }

    private func input(_ input: Manifest.Input) -> String {
        switch input {
        case .image(_, let channels, let height, let width):
            let sides = [height, width].map { $0.map(String.init) ?? "any" }
            return "picture of \(channels)x\(sides.joined(separator: "x"))"
        case .series(_, let channels, let length):
            return
                "series of \(channels) channels and \(length.map(String.init) ?? "any number of") steps"
        case .tokens(_, let vocabulary):
            return "sequence of \(vocabulary.symbols.count) symbols"
        case .clock:
            return "steps without symbols"
        case .tensors:
            return "tensors"
        }
    }
}
