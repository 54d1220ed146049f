import HTTP
import Models
import TensorFormats

/// `POST /v2/repository/…`: the index, loading and unloading.
enum RepositoryRoutes {
    /// `log` says what became of a model.
    static func routes(log: @escaping @Sendable (String) -> Void) -> [Route] {
        [
            Route(
                method: .post,
                template: "/v2/repository/index",
                summary:
                    "Open Inference Protocol: every model of the repository, and why some are not served.",
                body: .document,
                forms: [],
                conventions: .openInference,
                document: RouteDocument(
                    request: Schema.object(),
                    requestExample: ["ready": true],
                    answer: Schema.array(of: entry),
                    answerExample: [
                        ["name": "brackets", "version": "1", "state": "READY", "reason": ""]
                    ]
                ),
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
                document: RouteDocument(
                    request: Schema.object(),
                    requestExample: [:],
                    answerExample: ["name": "brackets", "load": true]
                ),
                answer: { (call) throws(ServiceError) in try load(call, log) }
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
                document: RouteDocument(
                    request: Schema.object(),
                    requestExample: [:],
                    answerExample: ["name": "brackets", "unload": true]
                ),
                answer: { (call) throws(ServiceError) in try unload(call, log) }
            ),
        ]
    }

    private static let entry = Schema.object(
        "RepositoryEntry",
        [
            ("name", Schema.string), ("version", Schema.string), ("state", Schema.string),
            ("reason", Schema.string),
        ],
        required: ["name", "state", "reason"]
    )

    @Sendable private static func index(_ call: inout Call) throws(ServiceError) -> Answer {
        var isReadyOnly = false
        try call.document { (key, reader) throws(JSONError) in
            if key == "ready" { isReadyOnly = try reader.boolean() }
        }
        let rows = call.host.repository.indexWithUnloaded().filter {
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

    private static func load(
        _ call: Call,
        _ log: (String) -> Void
    ) throws(ServiceError) -> Answer {
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
        let name = call.parameters.model ?? ""
        defer { log(name) }
        do throws(RepositoryError) {
            try call.host.repository.load(name)
        } catch {
            throw ServiceError(error)
        }
        return Answer(["name": .string(name), "load": true])
    }

    private static func unload(
        _ call: Call,
        _ log: (String) -> Void
    ) throws(ServiceError) -> Answer {
        try call.checkRepositoryChanges()
        try call.document { (_, _) throws(JSONError) in }
        let name = call.parameters.model ?? ""
        do throws(RepositoryError) {
            try call.host.repository.unload(name)
        } catch {
            throw ServiceError(error)
        }
        log(name)
        return Answer(["name": .string(name), "unload": true])
    }
}

extension Call {
    /// An administrator's key may change what is hosted; others where the configuration says so.
    func checkRepositoryChanges() throws(ServiceError) {
        guard configuration.repositoryChanges || key?.isAdministrator == true else {
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
