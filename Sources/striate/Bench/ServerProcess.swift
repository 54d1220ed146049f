import Glibc

/// This program once more, in a process of its own.
struct ServerProcess {
    let identifier: pid_t

    struct NotStarted: Error {}

    init(_ arguments: [String]) throws {
        var identifier: pid_t = 0
        // SAFETY: the texts are copied, the list ends with a null pointer, and both live until the process has them.
        var texts: [UnsafeMutablePointer<CChar>?] = unsafe (["striate"] + arguments).map {
            unsafe strdup($0)
        }
        unsafe texts.append(nil)
        let code = unsafe posix_spawn(&identifier, "/proc/self/exe", nil, nil, texts, environ)
        unsafe texts.forEach { unsafe free($0) }
        guard code == 0 else { throw NotStarted() }
        self.identifier = identifier
    }

    /// Asks it to end, and waits for that.
    func end() {
        kill(identifier, SIGTERM)
        var status: Int32 = 0
        while unsafe waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    }
}
