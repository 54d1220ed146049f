import Models
import Telemetry

/// Every route, in the order of the documentation.
struct RouteTable: Sendable {
    let routes: [Route]

    /// The routes over figures that `statistics` keeps.
    ///
    /// `page` writes them for Prometheus, if wished under other servers' names too; `log` says what became of a model
    /// that a client had loaded or unloaded.
    init(
        _ configuration: Configuration,
        statistics: InferenceStatistics,
        page: @escaping @Sendable (Bool) -> [UInt8],
        log: @escaping @Sendable (String) -> Void
    ) {
        let own =
            [
                Index.route, Health.route, ModelList.route, ModelDetail.route, Classify.route,
                Detect.route, SegmentPicture.route, Features.route, Preview.route, Kernels.route,
                Next.route, Score.route, Generate.route, Explain.route,
                Encode.route, TreeRoute.route, DiagramPage.route,
                ExampleFile.route, MetricsPage.route(page),
            ] + SessionRoutes.routes + [Stream.route] + ConsoleFiles.routes
        let foreign =
            OpenInference.routes(statistics, log: log) + TensorFlowServing.routes
            + CloudRoutes.routes
        let known = own + [OpenAPIPage.route(besides: own + foreign)] + foreign
        routes = known + CloudRoutes.configured(configuration, besides: known)
    }
}
