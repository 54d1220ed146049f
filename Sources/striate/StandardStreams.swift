import Glibc

/// Writes all of it, unless nobody reads any more.
func writeOut(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

/// The same where messages go.
func writeError(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

private func write(_ bytes: [UInt8], to descriptor: Int32) {
    // What was printed before comes before.
    fflush(nil)
    var rest = bytes[...]
    while !rest.isEmpty {
        // SAFETY: write(2) only reads, and the pointer does not leave the closure.
        let count = unsafe rest.withUnsafeBytes { bytes in
            unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        }
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if count == 0 || errno != EINTR {
            return
        }
    }
}

/// Everything that comes in.
func readStandardInput() -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        // SAFETY: read(2) writes at most the buffer's count.
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe read(STDIN_FILENO, bytes.baseAddress, bytes.count)
        }
        if count > 0 {
            all += buffer[..<count]
        } else if count == 0 || errno != EINTR {
            return all
        }
    }
}
