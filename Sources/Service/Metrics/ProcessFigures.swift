import Foundation

/// What the system says about this process.
enum ProcessFigures {
    /// Appends the standard process metrics.
    static func append(to page: inout MetricsText) {
        if let bytes = residentBytes {
            page.single(
                "process_resident_memory_bytes",
                .gauge,
                "Resident memory.",
                Double(bytes)
            )
        }
        page.single(
            "process_start_time_seconds",
            .gauge,
            "Start of the process since the epoch.",
            startTime
        )
        page.family("striate_build_info", .gauge, "The version that runs; always 1.")
        page.sample(
            "striate_build_info",
            MetricsText.label("version", striateVersion),
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

    /// Set when first asked for, which the service does at its start.
    static let startTime = Date().timeIntervalSince1970
}
