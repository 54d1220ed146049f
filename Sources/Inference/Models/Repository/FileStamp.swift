import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// What the system says of files without reading them: as long as it stays the same, so do they.
struct FileStamp: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        let path: String
        let size: Int
        let seconds: Int
        let nanoseconds: Int
        let inode: UInt
    }

    private var entries: [Entry] = []

    /// A file, or the files of a folder; hidden ones do not count.
    init(_ place: URL) {
        append(place.path, depth: 0)
    }

    /// Whether there was nothing to see.
    var isEmpty: Bool { entries.isEmpty }

    private static let deepest = 3
    private static let most = 4096

    private mutating func append(_ path: String, depth: Int) {
        guard entries.count < Self.most else { return }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            entries.append(
                Entry(
                    path: path,
                    size: Int(status.st_size),
                    seconds: status.st_mtim.tv_sec,
                    nanoseconds: status.st_mtim.tv_nsec,
                    inode: UInt(status.st_ino)
                )
            )
            return
        }
        guard depth < Self.deepest else { return }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names.sorted() where !name.hasPrefix(".") {
            append("\(path)/\(name)", depth: depth + 1)
        }
    }
}
