import Models

extension Service {
    /// The newest version of a model, or the one named; why there is none otherwise.
    func servedModel(named name: String, version: String?) throws(ServiceError) -> Model {
        if let version {
            if let model = repository.model(named: name, version: version) { return model }
        } else if let model = repository.model(named: name) {
            return model
        }
        throw reasonWithout(name, version)
    }

    private func reasonWithout(_ name: String, _ version: String?) -> ServiceError {
        let rows = repository.index.filter { $0.name == name }
        guard !rows.isEmpty else {
            return .unknownModel(name, available: repository.models.map(\.name))
        }
        let served = repository.versions(of: name)
        if let version, !rows.contains(where: { $0.version == version }) {
            return .unknownVersion(model: name, version: version, available: served)
        }
        let row = rows.last { version == nil || $0.version == version } ?? rows[0]
        return .modelNotServed(
            model: name,
            reason: row.reason,
            isLoading: row.state == .loading
        )
    }
}
