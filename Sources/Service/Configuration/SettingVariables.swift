import Texts

/// The variables of an environment whose names begin with STRIATE_, and what they are taken for.
///
/// Kubernetes describes every service of a namespace in each of its pods: one called "striate-api" is
/// STRIATE_API_PORT=tcp://10.0.0.1:80, STRIATE_API_SERVICE_HOST and so on. Whoever names a service must not be able
/// to stop a server, nor to set it up.
public struct SettingVariables: Sendable {
    /// One that is not taken for a setting, though it may have been meant as one.
    public enum Ignored: Sendable, Equatable {
        /// No setting has the name; `nearest` is perhaps what was meant.
        case unknown(String, nearest: String?)
        /// Named as a setting is, but with the value of a service link.
        case serviceLink(String, value: String)
    }

    static let prefix = "STRIATE_"

    /// Settings with their texts, in the order of their names.
    let settings: [(variable: String, setting: String, value: String)]
    public let ignored: [Ignored]

    public init(_ environment: [String: String]) {
        var settings: [(variable: String, setting: String, value: String)] = []
        var ignored: [Ignored] = []
        // The configuration file's is no setting. One without a value is not set, as elsewhere.
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(Self.prefix) && name != "STRIATE_CONFIG" && !value.isEmpty {
            let setting = name.dropFirst(Self.prefix.count).lowercased()
            if Setting.all.contains(where: { $0.name == setting }) {
                if Self.isLinkedPort(name, value) {
                    ignored.append(.serviceLink(name, value: value))
                } else {
                    settings.append((name, setting, value))
                }
            } else if !Self.isLinkedPort(name, value), !Self.isLinkName(name) {
                ignored.append(.unknown(name, nearest: Setting.nearest(to: setting)))
            }
        }
        self.settings = settings
        self.ignored = ignored
    }

    /// NAME_PORT=tcp://10.0.0.1:80.
    private static func isLinkedPort(_ name: String, _ value: String) -> Bool {
        name.hasSuffix("_PORT")
            && ["tcp://", "udp://", "sctp://"].contains { value.lowercased().hasPrefix($0) }
    }

    /// NAME_SERVICE_HOST, NAME_SERVICE_PORT, NAME_SERVICE_PORT_HTTP, NAME_PORT_80_TCP, NAME_PORT_80_TCP_ADDR.
    private static func isLinkName(_ name: String) -> Bool {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        for (index, word) in words.enumerated() {
            let rest = words[(index + 1)...]
            if word == "SERVICE" {
                if rest == ["HOST"] || rest.first == "PORT" { return true }
            } else if word == "PORT", let number = rest.first, UInt16(number) != nil {
                let protocols: [Substring] = ["TCP", "UDP", "SCTP"]
                let parts: [Substring] = ["PROTO", "PORT", "ADDR"]
                let ends = rest.dropFirst()
                guard let first = ends.first, protocols.contains(first) else { continue }
                if ends.count == 1 || ends.count == 2 && parts.contains(ends[ends.endIndex - 1]) {
                    return true
                }
            }
        }
        return false
    }
}

extension SettingVariables.Ignored: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknown(let name, let nearest):
            "there is no setting for the environment variable \(name)"
                + (nearest.map { " (did you mean \(SettingVariables.prefix)\($0.uppercased())?)" }
                    ?? "")
        case .serviceLink(let name, let value):
            "\(name)=\(value) is a link to a service, not the setting; name the service otherwise, or set "
                + "\"enableServiceLinks\": false in its pod"
        }
    }
}

extension Setting {
    /// The setting whose name is nearly this one.
    static func nearest(to name: String) -> String? {
        let distances = all.map { (name: $0.name, distance: editDistance($0.name, name)) }
        let nearest = distances.min { $0.distance < $1.distance }
        return nearest.flatMap { $0.distance <= 3 ? $0.name : nil }
    }
}
