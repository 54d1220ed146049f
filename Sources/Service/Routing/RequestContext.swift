import HTTP

/// What a request's head has told: looked up once, and carried with the request to its line in the log.
final class RequestContext: Sendable {
    /// As they were when it came.
    let settings: Settings
    /// The path as its resource writes it; nil where there is none.
    let template: String?
    let key: AccessKey?
    /// The route and what the path says beyond it; nil for a request that was refused.
    let matched: (route: Route, parameters: PathParameters)?
    /// What it knows of sessions that servers share; nil where they share none.
    let holder: SessionHolder?

    init(
        _ settings: Settings,
        template: String?,
        key: AccessKey? = nil,
        matched: (route: Route, parameters: PathParameters)? = nil,
        holder: SessionHolder? = nil
    ) {
        (self.settings, self.template, self.key) = (settings, template, key)
        (self.matched, self.holder) = (matched, holder)
    }
}
