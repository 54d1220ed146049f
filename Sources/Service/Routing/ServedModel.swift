import Models

extension ModelRepository {
    /// The newest version of a model, or the one named; why there is none otherwise.
    func servedModel(named name: String, version: String?) throws(ServiceError) -> Model {
        if let version {
            if let model = model(named: name, version: version) { return model }
        } else if let model = model(named: name) {
            return model
        }
        throw reasonWithout(name, version)
    }

    private func reasonWithout(_ name: String, _ version: String?) -> ServiceError {
        let rows = index.filter { $0.name == name }
        guard !rows.isEmpty else {
            return .unknownModel(name, available: models.map(\.name))
        }
        let served = versions(of: name)
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
