public import FoundationEssentials

/// Finds the files that come with the server, wherever it was started.
public struct SearchPath: Sendable {
    /// The folders to look in, the nearest first.
    private let folders: [URL]

    /// From the binary's folder upwards, then the working directory.
    public init(binary: URL, workingDirectory: URL) {
        var folders: [URL] = []
        var folder = binary.resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" && folders.count < 16 {
            folders.append(folder)
            folder = folder.deletingLastPathComponent()
        }
        self.folders = folders + [workingDirectory]
    }

    /// For this process.
    public static var current: SearchPath {
        let binary = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return SearchPath(
            binary: URL(fileURLWithPath: binary ?? CommandLine.arguments.first ?? ""),
            workingDirectory: URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        )
    }

    /// The first folder that has this path below it.
    public func find(_ path: String) -> URL? {
        folders.lazy.map { $0.appendingPathComponent(path) }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }

    /// The configuration file; nil when there is none.
    public var configurationFile: URL? { find("config/striate.json") }

    /// Where KServe and SageMaker put a container's model.
    private static let mounts = ["/mnt/models", "/opt/ml/model"]

    /// Where models are looked for: `paths`; else where platforms mount them; else `config/models`.
    public func modelFolders(_ paths: [String]) -> [URL] {
        guard paths.isEmpty else { return paths.map { URL(fileURLWithPath: $0) } }
        if let mount = Self.mounts.first(where: { FileManager.default.fileExists(atPath: $0) }) {
            return [URL(fileURLWithPath: mount)]
        }
        return [find("config/models")].compactMap { $0 }
    }
}
