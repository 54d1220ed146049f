import FoundationEssentials

/// The processor time that Linux's control groups allow this process, in cores.
///
/// A limit may be set at any group above the process: a container's, a pod's, a systemd unit's CPUQuota=, a slice's.
/// The least of them counts.
struct CPUQuota {
    /// nil where nothing limits it.
    let cores: Double?

    /// `root` stands for "/".
    init(root: String = "") {
        let groups = Self.text(root + "/proc/self/cgroup")?.split(separator: "\n") ?? []
        let mounts = Self.text(root + "/proc/self/mountinfo")?.split(separator: "\n") ?? []
        var least: Double?
        for group in groups.compactMap(Group.init) {
            guard let mount = mounts.lazy.compactMap(Mount.init).first(where: { $0.shows(group) })
            else { continue }
            for folder in mount.folders(of: group) {
                guard let cores = Self.limit(of: root + folder) else { continue }
                least = min(least ?? cores, cores)
            }
        }
        cores = least
    }

    /// The limit of one group: of version 2 in cpu.max, of version 1 in two files.
    private static func limit(of folder: String) -> Double? {
        // "<quota> <period>" in microseconds, or "max <period>".
        if let fields = text(folder + "/cpu.max")?.split(whereSeparator: \.isWhitespace) {
            return fields.count == 2 ? quotient(fields[0], fields[1]) : nil
        }
        // -1 is none.
        guard let quota = text(folder + "/cpu.cfs_quota_us"),
            let period = text(folder + "/cpu.cfs_period_us")
        else { return nil }
        return quotient(trimmed(quota), trimmed(period))
    }

    private static func quotient(_ quota: Substring, _ period: Substring) -> Double? {
        guard let quota = Double(quota), let period = Double(period), quota > 0, period > 0,
            (quota / period).isFinite
        else { return nil }
        return quota / period
    }

    private static func trimmed(_ text: String) -> Substring {
        text.split(whereSeparator: \.isWhitespace).first ?? ""
    }

    /// nil for a file that is not there: the kernel has no such thing, or hides it.
    private static func text(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}

extension CPUQuota {
    /// A line of /proc/self/cgroup: "0::/user.slice/a", of version 1 "4:cpu,cpuacct:/docker/a".
    private struct Group {
        let isSecondVersion: Bool
        let path: String

        init?(_ line: Substring) {
            let fields = line.split(
                separator: ":",
                maxSplits: 2,
                omittingEmptySubsequences: false
            )
            guard fields.count == 3 else { return nil }
            isSecondVersion = fields[0] == "0" && fields[1].isEmpty
            guard isSecondVersion || fields[1].split(separator: ",").contains("cpu") else {
                return nil
            }
            path = String(fields[2])
        }
    }

    /// A line of /proc/self/mountinfo that shows groups.
    private struct Mount {
        let isSecondVersion: Bool
        /// The group that is seen at `point`.
        let root: String
        let point: String

        /// Of "36 35 0:30 ROOT POINT options … - cgroup source options,cpu".
        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash > 4, fields.count > dash + 3 else {
                return nil
            }
            let type = fields[dash + 1]
            guard type == "cgroup2" || type == "cgroup" else { return nil }
            isSecondVersion = type == "cgroup2"
            guard isSecondVersion || fields[dash + 3].split(separator: ",").contains("cpu") else {
                return nil
            }
            root = String(fields[3])
            point = String(fields[4].replacing("\\040", with: " "))
        }

        func shows(_ group: Group) -> Bool { group.isSecondVersion == isSecondVersion }

        /// The folders of a group and of all above it that are seen.
        ///
        /// A container may see the groups from its own on, under a path of the host's: then `point` is its own.
        func folders(of group: Group) -> [String] {
            var path = group.path
            if root != "/" {
                path =
                    path == root || path.hasPrefix(root + "/")
                    ? String(path.dropFirst(root.count)) : ""
            }
            let names = path.split(separator: "/").filter { $0 != "." && $0 != ".." }
            return (0...names.count).map { count in
                ([point] + names.prefix(count).map(String.init)).joined(separator: "/")
            }
        }
    }
}
