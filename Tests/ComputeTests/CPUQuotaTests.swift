import Foundation
import Testing

@testable import Compute

@Suite struct `Processor time of control groups` {
    /// A tree of files that stands for "/".
    private final class Tree {
        let folder = FileManager.default.temporaryDirectory.appending(path: "quota-\(UUID())")

        init(_ files: [String: String]) throws {
            try FileManager.default.createDirectory(
                at: folder,
                withIntermediateDirectories: true
            )
            for (path, text) in files {
                let file = folder.appending(path: path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: file)
            }
        }

        deinit {
            do {
                try FileManager.default.removeItem(at: folder)
            } catch {
                Issue.record("\(error)")
            }
        }

        var cores: Double? { CPUQuota(root: folder.path).cores }
    }

    private static let secondMount =
        "29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let firstMounts = """
        24 1 8:1 / / rw - ext4 /dev/sda1 rw
        30 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
        31 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct

        """
    private static let firstGroups = "5:memory:/m\n4:cpu,cpuacct:/a/b\n1:name=systemd:/s\n"

    static let trees: [(String, [String: String], Double?)] = [
        ("nothing at all", [:], nil),
        (
            "a container of version 2",
            [
                "proc/self/cgroup": "0::/\n", "proc/self/mountinfo": secondMount,
                "sys/fs/cgroup/cpu.max": "150000 100000\n",
            ], 1.5
        ),
        (
            "no limit",
            [
                "proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": secondMount,
                "sys/fs/cgroup/a/cpu.max": "max 100000\n",
            ], nil
        ),
        (
            "a systemd unit with CPUQuota=200% in a slice with 350%",
            [
                "proc/self/cgroup": "0::/system.slice/striate.service\n",
                "proc/self/mountinfo": secondMount,
                "sys/fs/cgroup/system.slice/cpu.max": "350000 100000\n",
                "sys/fs/cgroup/system.slice/striate.service/cpu.max": "200000 100000\n",
            ], 2
        ),
        (
            "a slice that allows less than the unit",
            [
                "proc/self/cgroup": "0::/system.slice/striate.service\n",
                "proc/self/mountinfo": secondMount,
                "sys/fs/cgroup/system.slice/cpu.max": "50000 100000\n",
                "sys/fs/cgroup/system.slice/striate.service/cpu.max": "max 100000\n",
            ], 0.5
        ),
        (
            "version 1, limited above",
            [
                "proc/self/cgroup": firstGroups, "proc/self/mountinfo": firstMounts,
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
            ], 3
        ),
        (
            "a container of version 1, which sees its own group only",
            [
                "proc/self/cgroup": "4:cpuacct,cpu:/docker/1f\n",
                "proc/self/mountinfo":
                    "31 25 0:28 /docker/1f /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpuacct,cpu\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "25000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000\n",
            ], 0.5
        ),
        (
            "both versions side by side",
            [
                "proc/self/cgroup": "4:cpu,cpuacct:/a\n0::/a\n",
                "proc/self/mountinfo": firstMounts
                    + "40 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "100000\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            ], 1
        ),
        (
            "texts that say nothing",
            [
                "proc/self/cgroup": "0::/../a\n:\nx\n4:cpu:\n",
                "proc/self/mountinfo": secondMount + "1 2 3 - \n- cgroup2\n",
                "sys/fs/cgroup/cpu.max": "0 0\n", "sys/fs/cgroup/a/cpu.max": "x\n",
            ], nil
        ),
    ]

    @Test(arguments: trees)
    func `the least limit of all groups above counts`(
        name: String,
        files: [String: String],
        cores: Double?
    ) throws {
        #expect(try Tree(files).cores == cores, "\(name)")
    }

    @Test func `there is always a core`() {
        #expect(Workers.availableCores() >= 1)
    }
}
