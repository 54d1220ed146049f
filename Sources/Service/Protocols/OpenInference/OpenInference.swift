import Telemetry

/// The Open Inference Protocol, version 2, over HTTP, with its extensions.
enum OpenInference {
    /// "/v2/models/stats" comes first: a model of that name has no metadata.
    ///
    /// `log` says what became of a model that a client had loaded or unloaded.
    static func routes(
        _ statistics: InferenceStatistics,
        log: @escaping @Sendable (String) -> Void
    ) -> [Route] {
        let parts: [[Route]] = [
            ServerState.routes,
            [ModelState.list, StatisticsPages.all(statistics)],
            Infer.routes,
            ModelState.readiness,
            ModelState.metadata,
            ModelConfiguration.routes,
            StatisticsPages.ofModel(statistics),
            TextGeneration.routes,
            RepositoryRoutes.routes(log: log),
            SettingsPages.routes,
        ]
        return Array(parts.joined())
    }
}
