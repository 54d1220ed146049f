package import FoundationEssentials
import Glibc
package import Graph
import Synchronization

/// The files of one model, read as one state; what decides which may be read, and how much of them.
///
/// Two kinds are told apart. **Weights** (model.onnx, its external data, model.safetensors) may be links to anywhere: an
/// operator made them, and a client never gets the bytes. **Texts** (model.json, labels, vocabulary, examples, check
/// vectors) are shown to clients or quoted in errors, so links may lead only to places inside of the repository or of
/// the model's own folder. Names that stand inside of files stay inside of the folder as written, for both.
package final class ModelFiles: Sendable {
    package let folder: URL
    private let roots: [String]
    private let disk: Disk
    private let budget: LoadBudget
    /// Whether nobody waits for the model any more.
    package let isLeft: @Sendable () -> Bool
    private let opened = Mutex<[String: FileState]>([:])

    /// `repository` is the folder that texts may be linked from; nil for a model that is loaded by itself.
    package init(
        _ folder: URL,
        repository: URL? = nil,
        byteLimit: Int = LoadingLimits.standard.bytes,
        disk: Disk = Disk(),
        isLeft: @escaping @Sendable () -> Bool = { false }
    ) {
        self.folder = folder
        self.disk = disk
        self.isLeft = isLeft
        budget = LoadBudget(byteLimit)
        roots = [repository, folder].compactMap(\.self).map {
            $0.resolvingSymlinksInPath().standardizedFileURL.path
        }
    }

    /// How much memory reading may take.
    package var byteLimit: Int { budget.limit }

    /// Counts memory that is about to be taken for `name`.
    package func take(_ bytes: Int, for name: String) throws(ModelError) {
        try budget.take(bytes, for: name)
    }

    /// Whether anything of that name lies there, be it a link to nothing.
    package func exists(_ name: String) -> Bool {
        disk.kind(folder.appendingPathComponent(name).path) != nil
    }

    /// A text, whole; `factor` is how often its size it may take once it is understood.
    package func text(_ name: String, largest: Int, factor: Int = 1) throws(ModelError) -> Data {
        let file = try open(name)
        guard let place = file.place, roots.contains(where: { Self.lies(place, in: $0) }) else {
            throw .file(
                name: name,
                reason: "is a link out of the models' folder; only weights may lie elsewhere"
            )
        }
        guard file.size <= largest else {
            throw .file(
                name: name,
                reason: "has \(file.size) bytes; at most \(largest) are read"
            )
        }
        try FileMistakes.refusePointer(file)
        try take(file.size * factor, for: name)
        return Data(try file.bytes(0..<file.size))
    }

    /// A file of weights; what is read of it is counted by who reads.
    package func weights(_ name: String) throws(ModelError) -> RegularFile {
        let file = try open(name)
        try FileMistakes.refusePointer(file)
        return file
    }

    /// Whether every file that was read is still the one that lies there.
    package var areUnchanged: Bool {
        opened.withLock(\.self).allSatisfy { path, state in
            disk.status(path).map(FileState.init) == state
        }
    }

    private func open(_ name: String) throws(ModelError) -> RegularFile {
        guard !isLeft() else { throw .cancelled }
        guard Self.staysInside(name) else {
            throw .file(
                name: name,
                reason: "lies outside of the model's folder: names in a model are relative to it, "
                    + "without \"..\""
            )
        }
        let path = folder.appendingPathComponent(name).path
        let file = try disk.open(path, name: name)
        // The first counts: a file that is replaced between two readings is another one.
        opened.withLock { $0[path] = $0[path] ?? file.state }
        return file
    }

    /// Whether a name, as written, can only mean something inside of the folder.
    static func staysInside(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("/") && !name.utf8.contains(0)
            && !name.split(separator: "/").contains("..")
    }

    private static func lies(_ place: String, in root: String) -> Bool {
        place.hasPrefix(root == "/" ? root : root + "/")
    }
}

/// The memory that reading one model's files may take.
final class LoadBudget: Sendable {
    package let limit: Int
    private let taken = Mutex(0)

    init(_ limit: Int) {
        self.limit = limit
    }

    /// - Throws: an error that names the file, what it needs and the limit.
    package func take(_ bytes: Int, for name: String) throws(ModelError) {
        let fits = taken.withLock { taken in
            let (sum, overflow) = taken.addingReportingOverflow(bytes)
            guard !overflow, sum <= limit else { return false }
            taken = sum
            return true
        }
        guard !fits else { return }
        throw .file(
            name: name,
            reason: "takes \(bytes) bytes to load, which with the rest is more than the limit of "
                + "\(limit) (load_bytes)"
        )
    }
}

/// What loading a model may take.
public struct LoadingLimits: Sendable {
    /// Time after which a load is given up.
    public var seconds: Int
    /// Memory for reading a model's files.
    public var bytes: Int
    /// Models loaded at once.
    public var loads: Int

    public static let standard = LoadingLimits(seconds: 120, bytes: 4 << 30, loads: 2)

    public init(seconds: Int, bytes: Int, loads: Int) {
        self.seconds = seconds
        self.bytes = bytes
        self.loads = loads
    }
}
