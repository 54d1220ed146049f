import Glibc

/// Floats that end at an inaccessible page, with a canary before them: a kernel that reads or writes too
/// far crashes the test, one that writes before its output is caught by `isIntact`.
final class GuardedFloats {
    let start: UnsafeMutablePointer<Float>
    let count: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int
    private static let canary: Float = 1234.5
    private static let canaryCount = 64

    init(_ values: [Float]) {
        count = values.count
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = (values.count + Self.canaryCount) * MemoryLayout<Float>.stride
        let used = (bytes + page - 1) / page * page
        mappedBytes = used + page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let mapping = mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, flags, -1, 0),
            mapping != MAP_FAILED, mprotect(mapping + used, page, PROT_NONE) == 0
        else { fatalError("no memory for a test") }
        self.mapping = mapping
        start = (mapping + used).assumingMemoryBound(to: Float.self) - values.count
        for index in values.indices { start[index] = values[index] }
        for index in 1...Self.canaryCount { start[-index] = Self.canary }
    }

    deinit {
        munmap(mapping, mappedBytes)
    }

    subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count)
            return start[index]
        }
        set {
            precondition(index >= 0 && index < count)
            start[index] = newValue
        }
    }

    var values: [Float] { (0..<count).map { start[$0] } }

    var isIntact: Bool {
        (1...Self.canaryCount).allSatisfy { start[-$0] == Self.canary }
    }
}
