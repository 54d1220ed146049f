import Files
import FoundationEssentials
import Glibc

/// What in a folder looks as if it were meant to be a model, or a version of one, and is not read: with what to do.
struct FolderMistakes {
    struct Mistake: Equatable {
        /// The version's folder; empty for the model's.
        let version: String
        let reason: String
    }

    private(set) var found: [Mistake] = []
    private let folder: URL
    private let disk: Disk
    private let versions: [Int]

    /// `versions` are the numbers of those that are read.
    init(_ folder: URL, disk: Disk, versions: [Int]) {
        self.folder = folder
        self.disk = disk
        self.versions = versions
        if versions.isEmpty, let reason = reason(of: folder) {
            found.append(Mistake(version: "", reason: reason))
        }
        for name in disk.names(in: folder.path) { look(at: name) }
    }

    private mutating func look(at name: String) {
        let place = folder.appendingPathComponent(name)
        if let number = Int(name), versions.contains(number), String(number) == name { return }
        switch disk.kind(place.path) {
        case .danglingLink:
            let reason = "the link \"\(name)\" leads to something that is missing"
            found.append(Mistake(version: name, reason: reason))
        case .folder:
            let isNumber = Int(name).map { $0 >= 0 && String($0) == name } ?? false
            let inner = reason(of: place)
            if holdsModel(place) {
                found.append(Mistake(version: name, reason: advice(name)))
            } else if isNumber || looksLikeVersion(name), let inner {
                let advice = isNumber ? "" : "; and \(advice(name))"
                found.append(Mistake(version: name, reason: inner + advice))
            }
        case .file, .other, nil: break
        }
    }

    /// What stands in a folder instead of a model; nil if nothing in it looks like one.
    private func reason(of folder: URL) -> String? {
        let names = disk.names(in: folder.path)
        for wanted in ["model.onnx", "model.json"] {
            if let name = names.first(where: { $0.lowercased() == wanted && $0 != wanted }) {
                return "rename the file \(name) to \(wanted)"
            }
        }
        if names.contains(where: { $0 == "saved_model.pb" || $0 == "saved_model.pbtxt" }) {
            return
                "holds a TensorFlow SavedModel, which is not read: convert it to model.onnx (tf2onnx)"
        }
        let networks = names.filter { $0.lowercased().hasSuffix(".onnx") }
        if let only = networks.first {
            return networks.count == 1
                ? "rename the file \(only) to model.onnx"
                : "rename one of the files \(networks.joined(separator: ", ")) to model.onnx"
        }
        if let name = names.first(where: { Self.foreign($0) != nil }) {
            return
                "\(name) is \(Self.foreign(name) ?? ""), which is not read: convert it to model.onnx"
        }
        guard names.contains("model.safetensors") else { return nil }
        return "holds model.safetensors without the model.json that says what to do with it"
    }

    /// A file, or something else than a folder, among the models; nil if it does not look like one.
    static func reason(strayFile place: URL, disk: Disk) -> String? {
        let name = place.lastPathComponent
        if disk.kind(place.path) == .danglingLink {
            return "the link \"\(name)\" leads to something that is missing"
        }
        let lower = name.lowercased()
        if lower.hasSuffix(".onnx") {
            return "rename the file \(name) so that it ends in .onnx"
        }
        guard let kind = foreign(name) else { return nil }
        return "\(name) is \(kind), which is not read: convert it to ONNX"
    }

    /// Other tools' files, by their endings.
    private static func foreign(_ name: String) -> String? {
        switch name.lowercased().split(separator: ".").last {
        case "pt", "pth", "ckpt": "a PyTorch file"
        case "h5", "hdf5", "keras": "a Keras file"
        case "tflite": "a TensorFlow Lite file"
        case "pb", "savedmodel": "a TensorFlow file"
        case "mar", "torchscript": "a TorchServe file"
        case "plan", "engine": "a TensorRT file"
        default: nil
        }
    }

    private func holdsModel(_ folder: URL) -> Bool {
        ["model.json", "model.onnx"].contains {
            disk.kind(folder.appendingPathComponent($0).path).map { $0 != .folder } ?? false
        }
    }

    private func looksLikeVersion(_ name: String) -> Bool {
        ["latest", "current", "default", "production"].contains(name.lowercased())
            || number(in: name) != nil
    }

    /// The number that a name such as 01, 1.0, v1 or version-1 was meant to be.
    private func number(in name: String) -> Int? {
        let lower = name.lowercased()
        let words = ["version", "ver", "v", "release", "r"]
        var rest = Substring(lower)
        if let word = words.first(where: rest.hasPrefix) { rest = rest.dropFirst(word.count) }
        rest = rest.drop { "-_. ".contains($0) }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        let tail = rest.dropFirst(digits.count)
        guard let number = Int(digits), tail.isEmpty || tail.hasPrefix(".") || tail.hasPrefix("_")
        else { return nil }
        return number
    }

    private func advice(_ name: String) -> String {
        let free = (versions.max() ?? 0) + 1
        let meant = number(in: name).flatMap { versions.contains($0) ? nil : $0 }
        return
            "the folder \"\(name)\" is no version, which are called 1, 2, 3 and so on: rename it, "
            + "to \"\(meant ?? free)\" for example"
    }
}
