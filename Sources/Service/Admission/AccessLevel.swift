/// Who may use a route, once there are keys.
enum AccessLevel: Sendable {
    /// Anybody, with a key or without: what load balancers ask.
    case everyone
    case clients
    /// Whoever changes what is hosted, or how.
    case administrators
    /// As the setting `metrics_access` says.
    case metrics
}

extension MetricsAccess {
    var level: AccessLevel {
        switch self {
        case .everyone: .everyone
        case .clients: .clients
        case .administrators: .administrators
        }
    }
}
