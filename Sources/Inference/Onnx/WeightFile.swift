import Compute
import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// An open file that weights are read from as long as a model lives.
///
/// A file that is replaced or removed can still be read; one that is overwritten in place cannot.
final class WeightFile: Sendable {
    let name: String
    let size: Int
    private let descriptor: Int32
    private let modified: [Int]

    /// Whether the file is large enough for its large tensors to stay there.
    let keepsTensors: Bool

    /// Smaller files are read as a whole, so that what happens to them later does not matter.
    static let smallestFile = 1 << 20
    /// Tensors from this size on stay in a large file.
    static let smallestTensor = 64 << 10

    /// Nil if there is no such file, or it is none that can be read at any place.
    init?(_ file: URL, smallestFile: Int = WeightFile.smallestFile) {
        let opened = unsafe open(file.path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        guard let state = Self.state(opened) else {
            close(opened)
            return nil
        }
        name = file.lastPathComponent
        descriptor = opened
        size = state.size
        modified = state.modified
        keepsTensors = size >= smallestFile
    }

    deinit {
        close(descriptor)
    }

    private static func state(_ descriptor: Int32) -> (size: Int, modified: [Int])? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return (Int(status.st_size), [status.st_mtim.tv_sec, status.st_mtim.tv_nsec])
    }

    /// Float32 numbers, little-endian.
    func floats(_ range: Range<Int>) throws(ModelError) -> [Float] {
        let count = range.count / MemoryLayout<Float>.stride
        var isRead = false
        // SAFETY: the array has room for the bytes read, and every pattern of bits is a number.
        let values = unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            isRead = unsafe read(UnsafeMutableRawBufferPointer(buffer), from: range.lowerBound)
            initialized = isRead ? count : 0
        }
        return try checked(values, isRead)
    }

    func bytes(_ range: Range<Int>) throws(ModelError) -> [UInt8] {
        var isRead = false
        // SAFETY: the array has room for the bytes read.
        let values = unsafe [UInt8](unsafeUninitializedCapacity: range.count) {
            buffer,
            initialized in
            isRead = unsafe read(UnsafeMutableRawBufferPointer(buffer), from: range.lowerBound)
            initialized = isRead ? range.count : 0
        }
        return try checked(values, isRead)
    }

    /// What was read counts only if the file is still the one that was opened.
    private func checked<Value>(_ values: [Value], _ isRead: Bool) throws(ModelError) -> [Value] {
        guard isRead, let state = Self.state(descriptor), state == (size, modified) else {
            throw .file(name: name, reason: "has changed since it was loaded")
        }
        return values
    }

    /// Fills the buffer from a place of the file; false if there is not as much.
    private func read(_ buffer: UnsafeMutableRawBufferPointer, from offset: Int) -> Bool {
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

extension WeightFile {
    /// A tensor's numbers: left in the file if they are many.
    func tensor(
        _ shape: Shape,
        _ type: ElementType,
        at range: Range<Int>
    ) throws(ModelError) -> Tensor {
        guard type == .float32 else {
            return Tensor(
                shape: shape,
                elements: Tensor.Elements(bytes: try bytes(range), as: type)
            )
        }
        guard keepsTensors, range.count >= Self.smallestTensor else {
            return Tensor(shape: shape, floats: try floats(range))
        }
        let width = MemoryLayout<Float>.stride
        let stored = StoredFloats(
            count: shape.count,
            makePart: { part throws(ModelError) in
                let start = range.lowerBound + part.lowerBound * width
                return try self.floats(start..<start + part.count * width)
            }
        )
        return Tensor(shape: shape, stored: stored)
    }
}
