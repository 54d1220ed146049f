import Texts
import ArgumentParser
import Compute
import FoundationEssentials
import Glibc
import Graph
import Models
import Quantising
import Service

/// `striate quantise`: a network in 8 bits.
struct QuantiseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantise",
        abstract: "Make a network of small integers from a trained one, and say what it loses.",
        discussion: """
            Reads inputs like those to come, measures what the layers make of them, and writes an ONNX file (QDQ, \
            opset 13 or later) with weights of int8 and values of uint8, in a folder that can be served. Runs by other \
            engines too.

            Inputs are pictures, .npy files (numbers as the network takes them, one input or a batch), IDX files, \
            texts, series (.csv) or folders of them.

            Examples:
              striate quantise fashion train-images-idx3-ubyte.gz --images t10k-images-idx3-ubyte.gz \\
                --labels t10k-labels-idx1-ubyte.gz -o fashion-int8
              striate quantise resnet18.onnx pictures/ -o resnet18-int8
              striate quantise resnet18.onnx pictures/ --most-loss 0.02 -o resnet18-int8
            """
    )

    @OptionGroup var argument: ModelArgument

    @Argument(help: "Inputs like those to come: files or folders.", completion: .file())
    var calibration: [String]

    @Option(name: .shortAndLong, help: "The folder to write; it must not exist.")
    var output: String

    @Option(help: "Labelled pictures (IDX, may be gzipped): compares the accuracy.")
    var images: String?

    @Option(help: "The pictures' labels (IDX, may be gzipped).")
    var labels: String?

    @Option(help: "How many inputs of the calibration are measured.")
    var count = 256

    @Option(
        help: """
            What may be lost: a share of the labelled pictures (0.005 is half a point), or without labels of the \
            answers' size. Layers that lose most stay in float32 until it is met.
            """
    )
    var mostLoss: Double?

    func validate() throws {
        guard (images == nil) == (labels == nil) else {
            throw ValidationError("--images and --labels go together")
        }
        guard (1...100_000).contains(count) else {
            throw ValidationError("--count is from 1 to 100000")
        }
        guard mostLoss.map({ $0 >= 0 && $0 < 1 }) ?? true else {
            throw ValidationError("--most-loss is a share from 0 to 1")
        }
    }

    func run() throws {
        let folder = URL(fileURLWithPath: output)
        guard !FileManager.default.fileExists(atPath: folder.path) else {
            throw ValidationError("\(output) is there already")
        }
        let model = try argument.load()
        let files = ExampleFiles(model)
        let measured = try files.examples(calibration, most: count)
        let examples =
            if let images, let labels {
                try files.labelled(images, labels)
            } else {
                Array(measured.prefix(64))
            }
        let (kernels, workers) = (try KernelSet.chosen(argument.kernels), Workers())
        let quantiser =
            if let (file, _) = argument.onnxFile {
                try Quantiser(onnx: file, workers: workers, kernels: kernels)
            } else {
                try Quantiser(layers(of: model), workers: workers, kernels: kernels)
            }
        let progress = ProgressBar(total: 1000)
        var settings = Quantiser.Settings()
        settings.mostLoss = mostLoss
        settings.progress = { done, total in progress.show(done * 1000 / total) }
        let result = try quantiser.run(
            calibration: measured,
            examples: examples,
            settings: settings
        )
        progress.finish()
        let written = QuantisedFolder(model, result, source: try sourceFolder())
        try written.write(to: folder)
        print(report(result, model, size: written.size(in: folder)))
        print("written: \(output); try: striate serve --models \(output)")
    }

    /// The model's layers; states that go on from call to call are answers of a file.
    private func layers(of model: Model) -> Graph {
        var graph = model.graph
        for state in model.stateNames where !graph.outputs.contains(state.output) {
            graph.outputs.append(state.output)
        }
        return graph
    }

    /// The folder whose labels, vocabulary and examples the result needs too.
    private func sourceFolder() throws -> URL? {
        if let (_, folder) = argument.onnxFile { return folder }
        return try argument.folder()
    }

    private func report(_ result: QuantisedNetwork, _ model: Model, size: Int) -> String {
        func percent(_ share: Double) -> String { fixed(100 * share, 2) + " %" }
        var lines = columns(
            [["layer", "numbers", "error"]]
                + result.layers.map {
                    [$0.name, $0.isKept ? "float32" : "int8", percent($0.error)]
                }
                + result.others.map { [$0.name, "float32", "(\($0.op))"] },
            rightAligned: [2]
        )
        lines.append("")
        if let before = result.before, let after = result.after {
            lines.append("accuracy: \(percent(before)) before, \(percent(after)) after")
        }
        lines.append("error of the answers: \(percent(result.outputError)) of their size")
        let floats = 4 * model.parameterCount
        lines.append(
            "size: \(grouped(size)) bytes; the weights in float32 take \(grouped(floats))"
        )
        if let mostLoss, result.loss > mostLoss {
            lines.append("the loss is more than \(percent(mostLoss)) with all layers in float32")
        }
        return lines.joined(separator: "\n")
    }
}
