import Dispatch
import Foundation
public import Logging
import Synchronization

/// Everything that is read again while the server runs; parts of it register here.
///
/// A part that cannot be read keeps its old state, and the log says why.
public final class Reloads: Sendable {
    /// Something made from files: certificates, keys, models.
    public struct Part: Sendable {
        let name: String
        let files: @Sendable () -> [String]
        let reload: @Sendable () throws -> String

        /// `files` are those whose change calls for a reload; `reload` returns what is used now.
        public init(
            name: String,
            files: @escaping @Sendable () -> [String],
            reload: @escaping @Sendable () throws -> String
        ) {
            self.name = name
            self.files = files
            self.reload = reload
        }
    }

    private struct Entry {
        let part: Part
        /// As the files were when they were last read.
        var stamps: [FileStamp?]
    }

    private let logger: Logger
    private let entries = Mutex<[Entry]>([])
    /// One reload at a time.
    private let queue = DispatchQueue(label: "striate.reloads")

    public init(logger: Logger) {
        self.logger = logger
    }

    /// Adds a part that has just been read for the first time.
    public func register(_ part: Part) {
        let entry = Entry(part: part, stamps: part.files().map(FileStamp.init))
        entries.withLock { $0.append(entry) }
    }

    /// Reads every part again; returns when that is done.
    public func reloadAll() { reload { _ in true } }

    /// Reads the parts again whose files have changed since; returns when that is done.
    public func reloadChanged() { reload { $0.stamps != $0.part.files().map(FileStamp.init) } }

    private func reload(where isDue: (Entry) -> Bool) {
        queue.sync {
            for (index, entry) in entries.withLock(\.self).enumerated() where isDue(entry) {
                // Taken before reading: what changes meanwhile is seen the next time.
                let stamps = entry.part.files().map(FileStamp.init)
                entries.withLock { $0[index].stamps = stamps }
                reload(entry.part)
            }
        }
    }

    private func reload(_ part: Part) {
        do {
            let state = try part.reload()
            logger.notice("reloaded", metadata: ["part": "\(part.name)", "state": "\(state)"])
        } catch {
            logger.error(
                "not reloaded; the old state stays",
                metadata: ["part": "\(part.name)", "reason": "\(error)"]
            )
        }
    }
}

/// What tells a changed file from an unchanged one; nil for a file that is not there.
private struct FileStamp: Equatable {
    let inode: UInt64
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
