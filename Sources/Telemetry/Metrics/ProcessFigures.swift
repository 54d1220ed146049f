import FoundationEssentials
import Glibc

/// What the system says about this process.
enum ProcessFigures {
    /// Appends the standard process metrics.
    static func append(version: String, to page: inout MetricsText) {
        if let bytes = residentBytes {
            page.single(
                "process_resident_memory_bytes",
                .gauge,
                help: "Resident memory.",
                value: Double(bytes)
            )
        }
        if let count = openDescriptors {
            page.single(
                "process_open_fds",
                .gauge,
                help: "Open file descriptors.",
                value: Double(count)
            )
        }
        page.single(
            "process_cpu_seconds_total",
            .counter,
            help: "Processor time.",
            value: processorSeconds
        )
        page.single(
            "process_start_time_seconds",
            .gauge,
            help: "Start of the process since the epoch.",
            value: startTime
        )
        page.family("striate_build_info", .gauge, "The version that runs; always 1.")
        page.sample(
            "striate_build_info",
            MetricsText.label("version", version),
            1
        )
    }

    /// Second field of /proc/self/statm, in pages.
    static var residentBytes: Int? {
        guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else {
            return nil
        }
        let fields = String(decoding: data, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Those of the listing itself left out.
    static var openDescriptors: Int? {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        return names.map { $0.count - 1 }
    }

    private static var processorSeconds: Double {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Set when first asked for, which the service does at its start.
    static let startTime = Date().timeIntervalSince1970
}
