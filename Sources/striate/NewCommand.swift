import ArgumentParser
import FoundationEssentials
import Glibc
import Graph
import Models
import TensorFormats

/// `striate new`: a first model.json for an ONNX file.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract:
            "Write a model.json for an ONNX file: what is known of it, and what is left to say.",
        discussion: """
            The manifest goes to the standard output, what is left to say to the standard error output.

            Examples:
              striate new resnet.onnx
              mkdir config/models/resnet && cp resnet.onnx config/models/resnet/model.onnx
              striate new resnet.onnx > config/models/resnet/model.json
            """
    )

    @OptionGroup var argument: ModelArgument

    func run() throws {
        guard argument.onnxFile != nil else {
            throw ValidationError("\"\(argument.model)\" is no ONNX file, nor a folder with one")
        }
        if let folder = argument.onnxFile?.folder, ModelArgument.hasManifest(folder) {
            throw ValidationError("\"\(argument.model)\" has a model.json already")
        }
        let model = try argument.load(verifies: false)
        let manifest = model.manifest
        var members: [(String, JSON)] = [
            ("name", .string(manifest.name)), ("task", .string(manifest.task.name)),
        ]
        var left: [String] = []
        switch manifest.input {
        case .image(let name, let channels, let height, let width):
            var input: [(String, JSON)] = [
                ("name", .string(name)), ("channels", .integer(channels)),
            ]
            if let height { input.append(("height", .integer(height))) }
            if let width { input.append(("width", .integer(width))) }
            members.append(("input", .object(input)))
            members += picture(model, &left)
        case .tokens(let name, let vocabulary):
            members.append(
                ("input", ["name": .string(name), "vocabulary": "vocabulary.json"])
            )
            left.append("vocabulary.json: a list of the \(vocabulary.symbols.count) symbols")
        case .series, .clock, .tensors: left += tensors(model)
        }
        members.append(("outputs", .strings(manifest.outputs)))
        print(try Self.lines(.object(members)))
        let notes = left.map { "- \($0)\n" }.joined()
        writeError(notes.isEmpty ? "" : "Left to say:\n\(notes)")
    }

    /// What a network of pictures was given before the file, which no file tells.
    private func picture(_ model: Model, _ left: inout [String]) -> [(String, JSON)] {
        let manifest = model.manifest
        var members: [(String, JSON)] = []
        if manifest.task == .imageDetection {
            members += [
                ("preprocessing", "yolo"), ("detection", ["form": .string(form(manifest))]),
            ]
        } else {
            left.append(
                """
                "preprocessing": {"mean": …, "std": …}, or "imagenet", "tf", "caffe": without it samples are \
                divided by 255 and the picture is stretched
                """
            )
            members.append(("scores", .string(model.scores.rawValue)))
        }
        if manifest.labels.isEmpty {
            let count = model.layers.first { $0.name == manifest.outputs.first }?.outputShape
            let classes = count?.dimensions.last.map { "\($0) names" } ?? "names"
            left.append(
                "\"labels\": \(classes) as a list, or a file labels.txt with one in each line"
            )
        } else {
            members.append(("labels", .strings(manifest.labels)))
        }
        return members
    }

    private func form(_ manifest: Manifest) -> String {
        manifest.detection?.head.rawValue ?? DetectionForm.Head.yolov8.rawValue
    }

    private func tensors(_ model: Model) -> [String] {
        var left = model.remark.isEmpty ? [] : [model.remark]
        if left.isEmpty {
            left.append(
                "nothing, if tensors are what clients send; else \"task\" and \"input\", of which the tasks are "
                    + ModelTask.all.map(\.name).joined(separator: ", ")
            )
        }
        return left
    }

    /// JSON in lines, as a person goes on to write it.
    private static func lines(_ json: JSON) throws -> String {
        guard case .object(let members) = json else { return "" }
        let rows = members.map { name, value in
            let text = String(decoding: value.text, as: UTF8.self)
            return "  \"\(name)\": " + text.split(separator: "\n").joined(separator: "\n")
        }
        return "{\n\(rows.joined(separator: ",\n"))\n}"
    }
}
