import Logging
import Models

extension Service {
    /// From now on looks at the models' folders again and again, as often as configured.
    public func watchRepository() {
        guard configuration.watchMilliseconds > 0 else { return }
        let (repository, logger) = (repository, logger)
        loading.repeat(every: configuration.watchMilliseconds) {
            // What is loaded is waited for by nobody: the next look comes in time even if it hangs.
            let others = repository.refresh { Self.log($0, of: repository, to: logger) }
            for name in Set(others).sorted() { Self.log(name, of: repository, to: logger) }
        }
    }

    /// Says in the log what became of a model.
    static func log(_ name: String, of repository: ModelRepository, to logger: Logger) {
        for row in repository.index where row.name == name {
            let metadata: Logger.Metadata = [
                "name": "\(row.name)", "version": "\(row.version)",
                "state": "\(row.state.rawValue)", "reason": "\(row.reason)",
            ]
            if row.reason.isEmpty {
                logger.notice("model", metadata: metadata)
            } else if row.isCurrent {
                logger.warning("model served", metadata: metadata)
            } else {
                logger.error("model not served", metadata: metadata)
            }
        }
        if !repository.index.contains(where: { $0.name == name }) {
            logger.notice("model gone", metadata: ["name": "\(name)"])
        }
    }
}
