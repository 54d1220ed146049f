import CPUFeatures

#if canImport(Glibc)
import Glibc
#endif

/// A fixed number of floats on a 64-byte boundary, zero at first, freed with the object.
@safe
public final class FloatStorage: @unchecked Sendable {
    // SAFETY: the memory lives as long as the object; who may write when is the owner's contract:
    // arenas belong to one pass at a time, weights are written before they are shared.
    private let memory: UnsafeMutableRawBufferPointer
    private let isMapped: Bool
    public let count: Int

    /// The first float.
    public let start: FloatPosition

    public init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        if bytes >= Self.smallestMapped {
            isMapped = true
            unsafe memory = Self.mapped(bytes)
        } else {
            isMapped = false
            unsafe memory = .allocate(byteCount: bytes, alignment: 64)
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        }
        start = unsafe FloatPosition(
            memory.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self),
            count: bytes / MemoryLayout<Float>.stride
        )
    }

    public convenience init(_ values: [Float]) {
        self.init(count: values.count)
        start.copy(from: values)
    }

    deinit {
        if isMapped {
            unsafe munmap(memory.baseAddress, memory.count)
        } else {
            unsafe memory.deallocate()
        }
    }

    /// Bytes from which on memory is the system's own pages: zero without being written, there only once they are used,
    /// and given back at once.
    private static let smallestMapped = 256 << 10

    /// Bytes from which on larger pages are asked for: a pass reads all of a model's weights, and would otherwise look up
    /// the place of every 4 KiB.
    private static let smallestLarge = 4 << 20

    private static func mapped(_ bytes: Int) -> UnsafeMutableRawBufferPointer {
        let start = unsafe mmap(
            nil,
            bytes,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0
        )
        guard let start = unsafe start, unsafe start != MAP_FAILED else {
            fatalError("no memory for \(bytes) bytes")
        }
        // The system clears a large page at one go, for which whoever serves on that core would have to wait.
        if bytes >= smallestLarge, striate_works_alone() == 0 {
            unsafe madvise(start, bytes, MADV_HUGEPAGE)
        }
        return unsafe UnsafeMutableRawBufferPointer(start: start, count: bytes)
    }

    public subscript(index: Int) -> Float {
        get { start[index] }
        set { start[index] = newValue }
    }
}
