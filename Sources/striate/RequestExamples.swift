import FoundationEssentials
import Glibc
import Service

/// Requests to the shipped models that can be pasted into a terminal.
struct RequestExamples {
    let address: String
    let models: [String]

    var text: String {
        let lines = [
            (
                "fashion",
                "curl --data-binary @\(example("fashion/examples/shirt.png")) \\\n    \(url("fashion/classify"))"
            ),
            (
                "fashion",
                "curl -H 'Accept: image/png' --data-binary @\(example("fashion/examples/shirt.png")) \\\n"
                    + "    -o maps.png '\(url("fashion/features?layer=maxout1"))'"
            ),
            (
                "scripture",
                "curl -d '{\"text\":\"In the beginning God created the heav\"}' \\\n    \(url("scripture/next"))"
            ),
            (
                "brackets",
                "curl -d '{\"text\":\"f(x, g(y)\"}' \\\n    \(url("brackets/classify"))"
            ),
            (
                "orbit",
                "curl -H 'Accept: image/png' -d '{\"steps\":120}' \\\n"
                    + "    -o orbit.png \(url("orbit/encode"))"
            ),
            (
                "listops",
                "curl -d '{\"tree\":[\"max\",2,[\"min\",3,4],9]}' \\\n"
                    + "    '\(url("listops/tree?nodes=true"))'"
            ),
        ]
        let shown = lines.filter { models.contains($0.0) }.map { "  " + $0.1 }
        return (["Striate answers at \(address): open it in a browser, or try:"] + shown).joined(
            separator: "\n"
        )
    }

    private func url(_ path: String) -> String { "\(address)/models/\(path)" }

    /// Relative to the working directory where the file lies below it.
    private func example(_ path: String) -> String {
        let file = SearchPath.current.find("config/models/\(path)")?.path ?? path
        let folder = FileManager.default.currentDirectoryPath + "/"
        return file.hasPrefix(folder) ? String(file.dropFirst(folder.count)) : file
    }
}
