import FoundationEssentials
import Glibc
import Graph

/// A model of the repository with all its versions, served or not.
struct HostedModel: Sendable {
    enum Stage: Sendable {
        case loading
        case unloading
    }

    /// Why files are not served, and which files: they are tried again only when they change.
    struct Problem: Sendable {
        let error: ModelError
        /// nil where the same files may be served the next time.
        var stamp: FileStamp?
    }

    struct Version: Sendable {
        let number: Int?
        /// Where the files are.
        var place = URL(filePath: "/")
        var model: Model?
        /// The files that `model` was made from.
        var stamp: FileStamp?
        var problem: Problem?
        var stage: Stage?
        /// The load that counts: what an earlier one brings is dropped.
        var attempt: Int?
        /// Files beside the model that say how it is served, as far as the served one had them.
        var companions: Set<String> = []
        /// A file beside the model that was not read; nil if there is none.
        var unread: String?
        /// Unloaded on request: these files stay unloaded until they change or a request loads them.
        var withdrawn: FileStamp?

        init(number: Int?) {
            self.number = number
        }

        /// What a person may want to know of how the model is served.
        var remarks: [String] {
            [
                model?.remark ?? "",
                unread.map { "\($0) is not read: the model file alone counts" } ?? "",
            ]
            .filter { !$0.isEmpty }
        }

        /// As clients name it; empty for one that never was loaded and has no number.
        var name: String { number.map(String.init) ?? model?.version ?? "" }
    }

    /// In rising order.
    private(set) var versions: [Version] = []

    /// The newest version that is served.
    var model: Model? { versions.last { $0.model != nil }?.model }

    func model(version: String) -> Model? {
        versions.first { $0.model != nil && $0.name == version }?.model
    }

    /// The version with this number, made if there is none.
    subscript(number: Int?) -> Version {
        get { versions.first { $0.number == number } ?? Version(number: number) }
        set {
            if let index = versions.firstIndex(where: { $0.number == number }) {
                versions[index] = newValue
            } else {
                versions.append(newValue)
                versions.sort { ($0.number ?? -1) < ($1.number ?? -1) }
            }
        }
    }

    mutating func removeVersions(where isGone: (Version) -> Bool) {
        versions.removeAll(where: isGone)
    }
}
