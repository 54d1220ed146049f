import Graph
import HTTP
import Models
import TensorFormats

/// `/sessions`: recurrent states that stay with the server between requests.
enum SessionRoutes {
    static let routes =
        [begin, list, view, end, branch, SessionState.read, SessionState.write]
        + SessionSteps.routes

    private static let members: [(String, JSON)] = [
        ("id", Schema.string), ("model", Schema.string), ("version", Schema.string),
        ("position", Schema.integer), ("expires_at", Schema.string),
        ("state_bytes", Schema.integer),
    ]

    static let session = Schema.object("Session", members, required: members.map(\.0))

    static let example: JSON = [
        "id": "draft", "model": "scripture", "version": "2", "position": 0,
        "expires_at": "2027-01-01T12:00:00Z", "state_bytes": 3072,
    ]

    // MARK: Beginning

    private static let begin = Route(
        method: .post,
        template: "/sessions",
        summary: "Begin a session: a recurrent state that stays here and moves on with every step.",
        body: .document,
        placement: .queue,
        needsModel: false,
        document: RouteDocument(
            success: .created,
            request: Schema.object(
                "NewSession",
                [
                    ("model", Schema.string), ("version", Schema.string), ("id", Schema.string),
                    ("ttl_seconds", Schema.integer), ("state", Schema.any),
                ],
                required: ["model"],
                isClosed: true
            ),
            requestExample: ["model": "scripture", "ttl_seconds": 600],
            answer: session,
            answerExample: example
        ),
        answer: { (call) throws(ServiceError) in try Self.begin(&call) }
    )

    /// The body of the request.
    private struct NewSession {
        var model: String?
        var version: String?
        var id: String?
        var ttl: Int?
        var state: GivenState?

        init(_ call: Call) throws(ServiceError) {
            let limit = call.configuration.answerNumbers
            try call.request.checkJSONBody(expecting: #"{"model": "scripture"}"#)
            var document = Self()
            try call.document { (key, reader) throws(JSONError) in
                switch key {
                case "model": document.model = try reader.string()
                case "version": document.version = try reader.string()
                case "id": document.id = try reader.string()
                case "ttl_seconds": document.ttl = try reader.integer()
                case "state": document.state = try GivenState(&reader, limit: limit)
                default: throw reader.unknownKey(key, known: Self.names)
                }
            }
            self = document
        }

        private init() {}

        private static let names = ["model", "version", "id", "ttl_seconds", "state"]
    }

    private static func begin(_ call: inout Call) throws(ServiceError) -> Answer {
        let asked = try NewSession(call)
        guard let modelName = asked.model else {
            throw .missingField("model", expected: "the name of a model with a state")
        }
        let model = try call.host.repository.servedModel(named: modelName, version: asked.version)
        guard model.hasStates else { throw .session("", model.withoutStates) }
        let id = try id(asked.id, call)
        let ttl = asked.ttl ?? call.configuration.sessionSeconds
        guard (1...Configuration.longestSession).contains(ttl) else {
            throw .invalidValue(
                field: "ttl_seconds",
                expected: "an integer from 1 to \(Configuration.longestSession)",
                got: String(ttl)
            )
        }
        let start =
            try asked.state?.carried(by: model, call) ?? CarriedState(state: model.initialState())
        let name = SessionName(id, of: call.key?.name)
        let sessions = call.host.sessions
        if asked.id == nil, call.request.header("X-Session-Id") == nil {
            sessions.reserve(name, call.holder)
        }
        do throws(SessionFault) {
            try sessions.begin(
                name,
                model,
                start,
                ttl: ttl,
                of: call.client,
                for: call.holder
            )
            let view = try sessions.session(name, call.holder)
            var answer = Answer(document(of: view, call), status: .created)
            answer.headers = [("Location", "/sessions/\(id)"), ("X-Session-Id", id)]
            return answer
        } catch {
            throw .session(id, error)
        }
    }

    /// What the body says, else the header that a proxy may have looked at, else one that nobody can guess.
    private static func id(_ given: String?, _ call: Call) throws(ServiceError) -> String {
        let header = call.request.header("X-Session-Id")
        if let given, let header, given != header {
            throw .invalidHeader(
                name: "X-Session-Id",
                expected: "the \"id\" of the body, if both are given",
                got: header
            )
        }
        guard let id = given ?? header else { return SessionName.random() }
        guard SessionName.isChosen(id) else {
            throw .invalidValue(
                field: "id",
                expected: "1 to 64 letters, digits, '_' or '-'",
                got: id
            )
        }
        return id
    }

    // MARK: Looking and ending

    /// Sessions that are listed at most.
    private static let mostListed = 1000

    private static let list = Route(
        method: .get,
        template: "/sessions",
        summary:
            "Your sessions, a thousand of them at most; an administrator's key sees everybody's.",
        placement: .queue,
        document: RouteDocument(
            answer: Schema.object(
                "SessionList",
                [("sessions", Schema.array(of: session)), ("more", Schema.flag)]
            ),
            answerExample: ["sessions": [example], "more": false]
        ),
        answer: { (call) throws(ServiceError) in
            let isAdministrator = call.key?.isAdministrator == true
            let views: [SessionView]
            let isWhole: Bool
            do throws(SessionFault) {
                (views, isWhole) = try call.host.sessions.list(
                    of: isAdministrator ? nil : call.client,
                    most: mostListed,
                    call.holder
                )
            } catch {
                throw .session("", error)
            }
            let documents = views.sorted { $0.name.id < $1.name.id }.map { view in
                document(of: view, call).adding(
                    view.name.model == nil ? [] : [("sequence_id", .string(view.name.id))]
                ).adding(isAdministrator ? [("key", view.name.ownerName)] : [])
            }
            return Answer(["sessions": .array(documents), "more": .boolean(!isWhole)])
        }
    )

    private static let view = Route(
        method: .get,
        template: "/sessions/{session}",
        summary: "Where a session stands, and when it expires.",
        document: RouteDocument(answer: session, answerExample: example),
        answer: { (call) throws(ServiceError) in
            let name = try call.sessionName
            let view = try call.host.sessions.view(name.id, of: call.key, call.holder)
            var answer = Answer(document(of: view, call))
            answer.headers = [("X-Session-Id", name.id), ("Cache-Control", "no-store")]
            return answer
        }
    )

    private static let end = Route(
        method: .delete,
        template: "/sessions/{session}",
        summary: "End a session.",
        forms: [],
        document: RouteDocument(success: .noContent),
        answer: { (call) throws(ServiceError) in
            let name = try call.sessionName
            do throws(SessionFault) {
                try call.host.sessions.end(name, call.holder)
            } catch {
                throw .session(name.id, error)
            }
            var answer = Answer(contentType: "", body: [], headers: [("X-Session-Id", name.id)])
            answer.status = .noContent
            return answer
        }
    )

    /// A session as its owner sees it.
    static func document(of view: SessionView, _ call: Call) -> JSON {
        let session = view.session
        return [
            "id": .string(view.name.id), "model": .string(session.model.name),
            "version": .string(session.model.version),
            "position": .integer(session.carried.position),
            "expires_at": .string(call.timestamp(after: Int(view.rest.rounded(.up)))),
            "state_bytes": .integer(session.carried.bytes),
        ]
    }

    // MARK: Branching

    /// Sessions that one request may begin.
    private static let mostBranches = 1024

    private static let branch = Route(
        method: .post,
        template: "/sessions/{session}/branch",
        summary: "Begin more sessions where this one stands; nothing is computed.",
        body: .document,
        placement: .loop,
        document: RouteDocument(
            success: .created,
            request: Schema.object(
                "Branches",
                [("count", Schema.integer), ("ids", Schema.array(of: Schema.string))],
                isClosed: true
            ),
            requestExample: ["count": 2, "ids": ["left", "right"]],
            answer: Schema.object("BranchedSessions", [("sessions", Schema.array(of: session))]),
            answerExample: ["sessions": [example]]
        ),
        answer: { (call) throws(ServiceError) in try Self.branch(call) }
    )

    private static func branch(_ call: Call) throws(ServiceError) -> Answer {
        var count: Int?
        var ids: [String]?
        try call.document { (key, reader) throws(JSONError) in
            switch key {
            case "count": count = try reader.integer()
            case "ids":
                var list: [String] = []
                try reader.array { (_, reader) throws(JSONError) in
                    guard list.count < mostBranches else {
                        throw reader.invalid("\"ids\" may hold \(mostBranches) ids.")
                    }
                    list.append(try reader.string())
                }
                ids = list
            default: throw reader.unknownKey(key, known: ["count", "ids"])
            }
        }
        let wanted = count ?? ids?.count ?? 1
        guard (1...mostBranches).contains(wanted), ids.map({ $0.count == wanted }) ?? true else {
            throw .invalidValue(
                field: "count",
                expected: "the number of branches, 1 to \(mostBranches), as many as \"ids\" has",
                got: String(wanted)
            )
        }
        for id in ids ?? [] where !SessionName.isChosen(id) {
            throw .invalidValue(
                field: "ids",
                expected: "ids of 1 to 64 letters, digits, '_' or '-'",
                got: id
            )
        }
        let names = (ids ?? (0..<wanted).map { _ in SessionName.random() }).map {
            SessionName($0, of: call.key?.name)
        }
        let source = try call.sessionName
        if ids == nil {
            for name in names { call.host.sessions.reserve(name, call.holder) }
        }
        do throws(SessionFault) {
            let view = try call.host.sessions.branch(
                source,
                to: names,
                of: call.client,
                call.holder
            )
            let documents = names.map { name in
                let branch = SessionView(name: name, session: view.session, rest: view.rest)
                return document(of: branch, call)
            }
            var answer = Answer(["sessions": .array(documents)], status: .created)
            answer.headers = [("X-Session-Id", source.id)]
            return answer
        } catch {
            throw .session(source.id, error)
        }
    }
}
