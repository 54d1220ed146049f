import Files
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#endif

/// What the system says of files without reading them: as long as it stays the same, so do they.
struct FileStamp: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        let path: String
        let state: FileState
    }

    private var entries: [Entry] = []

    /// A file with its external data, or the files of a folder; hidden ones do not count.
    init(_ place: URL, on disk: Disk = Disk()) {
        append(place.path, depth: 0, on: disk)
        guard place.pathExtension == "onnx" else { return }
        for ending in [".data", "_data"] {
            append(place.path + ending, depth: Self.deepest, on: disk)
        }
    }

    /// Of all files together.
    var bytes: Int { entries.reduce(0) { $0 + $1.state.size } }

    /// Whether there was nothing to see.
    var isEmpty: Bool { entries.isEmpty }

    private static let deepest = 3
    private static let most = 4096

    private mutating func append(_ path: String, depth: Int, on disk: Disk) {
        guard entries.count < Self.most, let status = disk.status(path) else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            entries.append(Entry(path: path, state: FileState(status)))
            return
        }
        guard depth < Self.deepest else { return }
        for name in disk.names(in: path) {
            append("\(path)/\(name)", depth: depth + 1, on: disk)
        }
    }
}
