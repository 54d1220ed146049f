/// The Open Inference Protocol, version 2, over HTTP, with its extensions.
enum OpenInference {
    /// "/v2/models/stats" comes first: a model of that name has no metadata.
    static let routes: [Route] =
        ServerState.routes + [ModelState.list, StatisticsPages.all] + Infer.routes
        + ModelState.readiness + ModelState.metadata + ModelConfiguration.routes
        + StatisticsPages.ofModel + TextGeneration.routes + RepositoryRoutes.routes
        + SettingsPages.routes
}
