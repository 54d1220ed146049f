import Foundation

/// A model as it lies in a repository's folders.
///
/// Layouts: a folder with model.json or model.onnx; `name.onnx`; a folder of numbered versions, each with
/// model.json or model.onnx; any of the folders mounted alone.
struct ModelSource: Sendable {
    /// One version's files.
    struct Version: Sendable {
        /// The version folder's number; nil when the model's own manifest says the version.
        let number: Int?
        /// A folder, or an ONNX file.
        let place: URL

        /// The ONNX file, if that is what the model is made of.
        var onnxFile: URL? {
            if place.pathExtension == "onnx", ModelSource.isFile(place) { return place }
            let file = place.appendingPathComponent("model.onnx")
            return ModelSource.isFile(file) ? file : nil
        }

        /// Triton's configuration, in the folder of the versions or of the model; nil if there is none.
        var unreadFile: String? {
            let folder = number == nil ? place : place.deletingLastPathComponent()
            let name = "config.pbtxt"
            return ModelSource.isFile(folder.appendingPathComponent(name)) ? name : nil
        }
    }

    /// How clients name the model.
    let name: String
    /// In rising order, at least one.
    let versions: [Version]
}

extension ModelSource {
    /// Every model in the folders, in order of the names of their files.
    ///
    /// `loneName` is the name of a model whose folder is one of `folders` itself; its manifest or folder says it
    /// otherwise.
    static func all(in folders: [URL], loneName: String?) -> [ModelSource] {
        folders.flatMap { folder -> [ModelSource] in
            if let lone = source(at: folder, name: loneName) { return [lone] }
            return visibleNames(in: folder).compactMap {
                source(at: folder.appendingPathComponent($0), name: nil)
            }
        }
    }

    private static func source(at place: URL, name: String?) -> ModelSource? {
        if place.pathExtension == "onnx", isFile(place) {
            let stem = name ?? place.deletingPathExtension().lastPathComponent
            return ModelSource(name: stem, versions: [Version(number: nil, place: place)])
        }
        if holdsModel(place) {
            return ModelSource(
                name: name ?? manifestName(place) ?? place.lastPathComponent,
                versions: [Version(number: nil, place: place)]
            )
        }
        let versions = numbers(in: place).map {
            Version(number: $0, place: place.appendingPathComponent(String($0)))
        }.filter { holdsModel($0.place) }
        guard !versions.isEmpty else { return nil }
        return ModelSource(name: name ?? place.lastPathComponent, versions: versions)
    }

    private static func holdsModel(_ folder: URL) -> Bool {
        ["model.json", "model.onnx"].contains { isFile(folder.appendingPathComponent($0)) }
    }

    fileprivate static func isFile(_ place: URL) -> Bool {
        var isFolder: ObjCBool = false
        // SAFETY: the pointer is written during the call only.
        return unsafe FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder)
            && !isFolder.boolValue
    }

    /// The name a manifest gives; nil if there is none, or none that can be read.
    private static func manifestName(_ folder: URL) -> String? {
        let file = folder.appendingPathComponent("model.json")
        guard case .object(let fields)? = try? JSONValue.read(file),
            case .string(let name)? = fields["name"]
        else { return nil }
        return name
    }

    private static func numbers(in folder: URL) -> [Int] {
        visibleNames(in: folder).compactMap { name in
            guard let number = Int(name), number >= 0, String(number) == name else { return nil }
            return number
        }.sorted()
    }

    private static func visibleNames(in folder: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }
}
