import Dispatch
import Files
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
        var states: [FileState?]
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
        let entry = Entry(part: part, states: Self.states(of: part))
        entries.withLock { $0.append(entry) }
    }

    /// Reads every part again; returns when that is done.
    public func reloadAll() { reload { _ in true } }

    /// Reads the parts again whose files have changed since; returns when that is done.
    public func reloadChanged() { reload { $0.states != Self.states(of: $0.part) } }

    private func reload(where isDue: (Entry) -> Bool) {
        queue.sync {
            for (index, entry) in entries.withLock(\.self).enumerated() where isDue(entry) {
                // Taken before reading: what changes meanwhile is seen the next time.
                let states = Self.states(of: entry.part)
                entries.withLock { $0[index].states = states }
                reload(entry.part)
            }
        }
    }

    /// Those of a part's files; nil for one that is not there.
    private static func states(of part: Part) -> [FileState?] {
        let disk = Disk()
        return part.files().map { disk.status($0).map { FileState($0) } }
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
