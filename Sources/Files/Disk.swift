import FoundationEssentials
package import Glibc
package import Graph

/// What the file system says of models' folders and gives of their files: the only way to either.
///
/// Nothing here waits for the other end of a pipe or for a device; a file system that does not answer is waited for, so
/// that callers who must go on leave the thread behind.
package struct Disk: Sendable {
    /// Called before each access with its path: where a test stands in for a file system that does not answer.
    let willTouch: @Sendable (String) -> Void

    package init(willTouch: @escaping @Sendable (String) -> Void = { _ in }) {
        self.willTouch = willTouch
    }

    /// What lies somewhere.
    package enum Kind: Equatable {
        case file, folder
        /// A link to nothing.
        case danglingLink
        /// A pipe, a device, a socket: its name in a sentence.
        case other(String)
    }

    /// What lies there, links followed; nil if nothing does.
    package func kind(_ path: String) -> Kind? {
        guard let status = status(path) else {
            var link = stat()
            return unsafe lstat(path, &link) == 0 ? .danglingLink : nil
        }
        return Self.kind(status)
    }

    /// What the system says of a file, links followed.
    package func status(_ path: String) -> stat? {
        willTouch(path)
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status : nil
    }

    /// The names in a folder that do not begin with a dot, sorted; none if it cannot be read.
    package func names(in folder: String) -> [String] {
        willTouch(folder)
        // A folder that is not there holds nothing.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Opens a regular file; `name` is what errors call it.
    package func open(_ path: String, name: String) throws(ModelError) -> RegularFile {
        func fail(_ reason: String) -> ModelError { .file(name: name, reason: reason) }
        // A device may do something when it is opened, so it is not.
        switch kind(path) {
        case .file: break
        case nil: throw fail("is missing")
        case .folder: throw fail("is a folder, not a file")
        case .danglingLink: throw fail("is a link to something that is missing")
        case .other(let what): throw fail("is \(what), not a file")
        }
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw fail("cannot be read: \(unsafe String(cString: strerror(errno)))")
        }
        guard let file = RegularFile(taking: descriptor, name: name, disk: self) else {
            throw fail("is not a file any more")
        }
        return file
    }

    private static func kind(_ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFIFO: .other("a named pipe")
        case S_IFSOCK: .other("a socket")
        default: .other("a device")
        }
    }
}

/// What tells a file from another one, or from itself before it changed.
package struct FileState: Equatable, Sendable {
    let device: UInt
    let inode: UInt
    package let size: Int
    package let seconds: Int
    let nanoseconds: Int

    package init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
