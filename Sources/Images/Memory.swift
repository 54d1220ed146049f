import Glibc
import Synchronization

/// Arrays that may be large: where there is no memory for one, that is an error and not the end of the process.
enum Memory {
    /// Smaller ones are as likely to fail as any of the many that cannot be asked for beforehand.
    private static let smallest = 1 << 16
    /// What must be free besides, for all that is allocated without asking.
    private static let reserve = 16 << 20
    /// Held from asking to having, so that one picture is not given what another was promised.
    private static let turn = Mutex(())

    static func bytes(_ count: Int) throws(ImageError) -> [UInt8] {
        try array(repeating: 0, count: count)
    }

    static func array<Element: BitwiseCopyable>(
        repeating value: Element,
        count: Int
    ) throws(ImageError) -> [Element] {
        let (size, isTooMuch) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !isTooMuch else { throw .outOfMemory }
        if size < smallest { return [Element](repeating: value, count: count) }
        var elements: [Element] = []
        let isThere = turn.withLock { _ in
            // malloc alone says no.
            guard let memory = unsafe malloc(size + reserve) else { return false }
            unsafe free(memory)
            elements.reserveCapacity(count)
            return true
        }
        guard isThere else { throw .outOfMemory }
        elements.append(contentsOf: repeatElement(value, count: count))
        return elements
    }
}

/// Overwrites the samples from `start` on with a row's.
func copy(_ row: [UInt8], to samples: inout [UInt8], at start: Int) {
    precondition(start >= 0 && row.count <= samples.count - start)
    // SAFETY: the range was just checked, and two arrays do not overlap where one is written.
    unsafe row.withUnsafeBytes { row in
        unsafe samples.withUnsafeMutableBytes { samples in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: samples[start...])
            unsafe target.copyMemory(from: row)
        }
    }
}
