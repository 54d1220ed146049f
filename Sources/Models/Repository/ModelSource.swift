import Files
import FoundationEssentials
import Glibc

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
        /// The configured folder that it was found in.
        let root: URL
        /// The ONNX file in the place's folder, if that is what the model is made of.
        let onnxFile: String?
        /// Whether the place is the ONNX file itself, without a folder of its own.
        let isFile: Bool
        /// Triton's configuration, in the folder of the versions or of the model; nil if there is none.
        let unreadFile: String?

        /// The folder that the files' names are relative to.
        var folder: URL { isFile ? place.deletingLastPathComponent() : place }
    }

    /// How clients name the model.
    let name: String
    /// In rising order, at least one.
    let versions: [Version]
}

/// Something in a repository's folders that looks like a model and is none, with what to do about it.
struct SourceNote: Sendable, Equatable {
    let model: String
    /// What the folder of the version is called; empty if it is not one version that is wrong.
    let version: String
    let reason: String
}

/// Finds the models in one configured folder.
struct ModelScan {
    let root: URL
    let disk: Disk
    private(set) var sources: [ModelSource] = []
    private(set) var notes: [SourceNote] = []

    init(_ root: URL, disk: Disk) {
        self.root = root
        self.disk = disk
    }

    /// Everything in the folder, in order of the names, or the model that the folder is.
    ///
    /// `loneName` is the name of a model whose folder is the configured one itself; its manifest or folder says it
    /// otherwise.
    mutating func scan(loneName: String?) {
        if isFile(root) || holdsModel(root) || !numbers(in: root).isEmpty {
            add(root, name: loneName)
            if !sources.isEmpty { return }
            notes = []
        }
        for name in disk.names(in: root.path) { scan(entry: name) }
    }

    /// One entry of the folder.
    mutating func scan(entry: String) {
        add(root.appendingPathComponent(entry), name: nil)
    }

    private mutating func add(_ place: URL, name: String?) {
        if place.pathExtension == "onnx", isFile(place) {
            let stem = name ?? place.deletingPathExtension().lastPathComponent
            let version = ModelSource.Version(
                number: nil,
                place: place,
                root: root,
                onnxFile: place.lastPathComponent,
                isFile: true,
                unreadFile: nil
            )
            sources.append(ModelSource(name: stem, versions: [version]))
            return
        }
        let folderName = name ?? place.lastPathComponent
        guard disk.kind(place.path) == .folder else {
            note(strayFile: place)
            return
        }
        if holdsModel(place) {
            let own = name ?? manifestName(place) ?? place.lastPathComponent
            sources.append(ModelSource(name: own, versions: [version(nil, at: place)]))
            return
        }
        let versions = numbers(in: place).map {
            version($0, at: place.appendingPathComponent(String($0)))
        }
        let mistakes = FolderMistakes(place, disk: disk, versions: versions.compactMap(\.number))
        notes += mistakes.found.map {
            SourceNote(model: folderName, version: $0.version, reason: $0.reason)
        }
        guard !versions.isEmpty else { return }
        sources.append(ModelSource(name: folderName, versions: versions))
    }

    private mutating func note(strayFile place: URL) {
        guard let reason = FolderMistakes.reason(strayFile: place, disk: disk) else { return }
        let name = place.lastPathComponent
        notes.append(SourceNote(model: name, version: "", reason: reason))
    }

    private func version(_ number: Int?, at place: URL) -> ModelSource.Version {
        let configuration = "config.pbtxt"
        let folder = number == nil ? place : place.deletingLastPathComponent()
        return ModelSource.Version(
            number: number,
            place: place,
            root: root,
            onnxFile: isFile(place.appendingPathComponent("model.onnx")) ? "model.onnx" : nil,
            isFile: false,
            unreadFile: isFile(folder.appendingPathComponent(configuration)) ? configuration : nil
        )
    }

    private func holdsModel(_ folder: URL) -> Bool {
        ["model.json", "model.onnx"].contains { isFile(folder.appendingPathComponent($0)) }
    }

    /// Whether something other than a folder lies there: what it is, loading says.
    private func isFile(_ place: URL) -> Bool {
        disk.kind(place.path).map { $0 != .folder } ?? false
    }

    /// The name a manifest gives; nil if there is none, or none that can be read.
    private func manifestName(_ folder: URL) -> String? {
        let files = ModelFiles(folder, repository: root, disk: disk)
        guard case .object(let fields)? = try? JSONValue.read("model.json", in: files),
            case .string(let name)? = fields["name"]
        else { return nil }
        return name
    }

    /// Version folders that hold a model.
    private func numbers(in folder: URL) -> [Int] {
        disk.names(in: folder.path).compactMap { name in
            guard let number = Int(name), number >= 0, String(number) == name,
                holdsModel(folder.appendingPathComponent(name))
            else { return nil }
            return number
        }.sorted()
    }
}
