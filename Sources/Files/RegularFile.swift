package import Graph

#if canImport(Glibc)
import Glibc
#endif

/// An open file that can be read at any place.
///
/// A file that is replaced or removed can still be read; one that is overwritten in place cannot.
package final class RegularFile: Sendable {
    package let name: String
    package let state: FileState
    private let descriptor: Int32
    private let disk: Disk

    package var size: Int { state.size }

    /// Takes a descriptor over; nil, and closed, if it is none of a regular file.
    init?(taking descriptor: Int32, name: String, disk: Disk) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size >= 0
        else {
            close(descriptor)
            return nil
        }
        self.name = name
        self.descriptor = descriptor
        self.disk = disk
        state = FileState(status)
    }

    deinit {
        close(descriptor)
    }

    /// Where the file lies, all links resolved; nil if the system does not tell.
    package var place: String? {
        let size = Int(PATH_MAX)
        var buffer = [CChar](repeating: 0, count: size)
        let length = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, size)
        guard length > 0, length < size else { return nil }
        let bytes = buffer[..<length].map { UInt8(bitPattern: $0) }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Whether the file is still as it was when it was opened.
    var isUnchanged: Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && FileState(status) == state
    }

    /// The bytes of a part.
    package func bytes(_ range: Range<Int>) throws(ModelError) -> [UInt8] { try numbers(range) }

    /// Numbers as they lie there, little-endian.
    package func numbers<Number: BitwiseCopyable>(
        _ range: Range<Int>
    ) throws(ModelError) -> [Number] {
        let count = range.count / MemoryLayout<Number>.stride
        var isRead = false
        // SAFETY: the array has room for the bytes read, and every pattern of bits is a number.
        let values = unsafe [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
            isRead = unsafe read(UnsafeMutableRawBufferPointer(buffer), from: range.lowerBound)
            initialized = isRead ? count : 0
        }
        return try checked(values, isRead)
    }

    /// What was read counts only if the file is still the one that was opened.
    private func checked<Value>(_ values: [Value], _ isRead: Bool) throws(ModelError) -> [Value] {
        guard isRead, isUnchanged else {
            throw .file(name: name, reason: "has changed since it was loaded")
        }
        return values
    }

    /// Fills the buffer from a place of the file; false if there is not as much.
    private func read(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) -> Bool {
        disk.willTouch(name)
        var done = 0
        while done < buffer.count {
            let got = unsafe pread(
                descriptor,
                buffer.baseAddress.unsafelyUnwrapped + done,
                buffer.count - done,
                offset + done
            )
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return false }
            done += got
        }
        return true
    }
}
