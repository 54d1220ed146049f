import HTTP
import Models
import TensorFormats

/// `POST /v2/repository/…`: the index, loading and unloading.
enum RepositoryRoutes {
    static let routes = [
        Route(
            method: .post,
            template: "/v2/repository/index",
            summary:
                "Open Inference Protocol: every model of the repository, and why some are not served.",
            body: .document,
            forms: [],
            conventions: .openInference,
            answer: index
        ),
        Route(
            method: .post,
            template: "/v2/repository/models/{model}/load",
            summary: "Open Inference Protocol: load a model's files as they are now.",
            body: .document,
            placement: .loading,
            access: .administrators,
            forms: [],
            needsModel: false,
            conventions: .openInference,
            answer: load
        ),
        Route(
            method: .post,
            template: "/v2/repository/models/{model}/unload",
            summary: "Open Inference Protocol: serve a model no longer.",
            body: .document,
            placement: .loading,
            access: .administrators,
            forms: [],
            needsModel: false,
            conventions: .openInference,
            answer: unload
        ),
    ]

    @Sendable private static func index(_ call: inout Call) throws(ServiceError) -> Answer {
        var isReadyOnly = false
        try call.document { (key, reader) throws(JSONError) in
            if key == "ready" { isReadyOnly = try reader.boolean() }
        }
        let rows = call.service.repository.indexWithUnloaded().filter {
            !isReadyOnly || $0.state == .ready
        }
        return Answer(
            .array(
                rows.map { row in
                    let version: [(String, JSON)] =
                        row.version.isEmpty ? [] : [("version", .string(row.version))]
                    return .object(
                        [("name", .string(row.name))] + version + [
                            ("state", .string(row.state.rawValue)), ("reason", .string(row.reason)),
                        ]
                    )
                }
            )
        )
    }

    @Sendable private static func load(_ call: inout Call) throws(ServiceError) -> Answer {
        try call.checkRepositoryChanges()
        var override: String?
        try call.document { (key, reader) throws(JSONError) in
            guard key == "parameters" else { return }
            try reader.object { (key, reader) throws(JSONError) in
                if try !reader.null() { override = key }
            }
        }
        if let override {
            throw .unwantedField(
                "parameters",
                reason: "models are loaded as their files are",
                got: override
            )
        }
        let (service, name) = (call.service, call.parameters.model ?? "")
        defer { Service.log(name, of: service.repository, to: service.logger) }
        do throws(RepositoryError) {
            try service.repository.load(name)
        } catch {
            throw ServiceError(error)
        }
        return Answer(["name": .string(name), "load": true])
    }

    @Sendable private static func unload(_ call: inout Call) throws(ServiceError) -> Answer {
        try call.checkRepositoryChanges()
        try call.document { (_, _) throws(JSONError) in }
        let (service, name) = (call.service, call.parameters.model ?? "")
        do throws(RepositoryError) {
            try service.repository.unload(name)
        } catch {
            throw ServiceError(error)
        }
        Service.log(name, of: service.repository, to: service.logger)
        return Answer(["name": .string(name), "unload": true])
    }
}

extension Call {
    /// Reads the members of a body that may be empty.
    func document(
        _ member: (String, inout JSONReader) throws(JSONError) -> Void
    ) throws(ServiceError) {
        guard !request.body.isEmpty else { return }
        try request.body.readJSON { (reader) throws(ServiceError) in
            do throws(JSONError) {
                try reader.object { (key, reader) throws(JSONError) in
                    if try !reader.null() { try member(key, &reader) }
                }
            } catch {
                throw .json(error)
            }
        }
    }

    /// An administrator's key may change what is hosted; others where the configuration says so.
    func checkRepositoryChanges() throws(ServiceError) {
        let settings = service.settings
        if settings.configuration.repositoryChanges { return }
        guard try settings.access.key(of: request.head)?.isAdministrator == true else {
            throw .repositoryLocked
        }
    }
}

extension ServiceError {
    init(_ error: RepositoryError) {
        self =
            switch error {
            case .unknownModel(let name, let available): .unknownModel(name, available: available)
            case .loadFailed(let name, let reason): .loadFailed(model: name, reason)
            }
    }
}
