import FoundationEssentials

#if canImport(Glibc)
import Glibc
#endif

/// The memory that this process may have, in bytes: the machine's, its container's, or its limit on addresses.
public enum AvailableMemory {
    /// The least of all limits; what addresses are taken already counts against theirs.
    public static func bytes(root: String = "") -> Int {
        var least = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        // Of a container, versions 2 and 1 of control groups; "max", or a number beyond all memory, is none.
        for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
            if let limit = number(root + path), limit > 0 { least = min(least, limit) }
        }
        return min(least, max(0, addresses() - taken(root)))
    }

    private static func addresses() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else {
            return .max
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Addresses in use, from the first field of statm, in pages.
    private static func taken(_ root: String) -> Int {
        (number(root + "/proc/self/statm") ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func number(_ path: String) -> Int? {
        let text = try? String(contentsOfFile: path, encoding: .utf8)
        return text?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }
}
