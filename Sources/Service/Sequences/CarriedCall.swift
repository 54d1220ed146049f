import FoundationEssentials
import Glibc
import Models
import TensorFormats

/// What a body says of the state that its request starts from and leaves.
struct CarriedOptions: Sendable {
    /// A token.
    var state: String?
    /// Whether the state is wanted back as a token.
    var returnsState = false
    var position: Int?

    static let names = ["state", "return_state"]

    /// Takes a value, if it is one of these.
    mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONError) -> Bool {
        switch key {
        case "state": state = try reader.string()
        case "return_state": returnsState = try reader.boolean()
        case "position": position = try reader.integer()
        default: return false
        }
        return true
    }

    /// The keys as a schema has them.
    static let members: [(String, JSON)] = [
        (
            "state",
            [
                "type": "string",
                "description": "A token of an earlier answer: the sequence goes on from there.",
            ]
        ),
        ("return_state", ["type": "boolean", "default": false]),
        (
            "position",
            [
                "type": "integer",
                "description": "Of a session: where the step is to begin.",
            ]
        ),
    ]
}

extension Call {
    /// Whether the state after the request is wanted.
    var carries: Bool { session != nil || returnsState }

    /// The state that the request starts from: its session's, a token's, or the one before the first step.
    mutating func carriedState(
        of model: Model,
        _ options: CarriedOptions
    ) throws(ServiceError) -> CarriedState {
        returnsState = options.returnsState
        if returnsState || options.state != nil, !model.hasStates {
            throw .session("", model.withoutStates)
        }
        if returnsState, form != .json, form != .eventStream {
            throw .unwantedField(
                "return_state",
                reason: "true only where the answer is JSON",
                got: "true"
            )
        }
        if let session {
            if let token = options.state {
                throw .unwantedField(
                    "state",
                    reason: "given with a session, which has one",
                    got: token
                )
            }
            return session.start
        }
        if let position = options.position {
            throw .unwantedField("position", reason: "given with sessions only", got: "\(position)")
        }
        guard let token = options.state else {
            return CarriedState(state: model.initialState())
        }
        return try open(token, of: model)
    }

    /// The state of a token.
    func open(_ token: String, of model: Model) throws(ServiceError) -> CarriedState {
        try host.tokens.open(
            token,
            of: model,
            digest: { () throws(ServiceError) in try host.digest(of: model) },
            keyName: key?.name
        )
    }

    /// Begins a session of the client's before the model's first step.
    func beginSession(
        _ name: SessionName,
        of model: Model,
        isLocal: Bool = false
    ) throws(SessionFault) {
        guard model.hasStates else { throw model.withoutStates }
        try host.sessions.begin(
            name,
            model,
            CarriedState(state: model.initialState()),
            ttl: configuration.sessionSeconds,
            of: client,
            for: holder,
            isLocal: isLocal
        )
    }

    /// Has the session move on with the answer, and says what the answer says of the state beside its own.
    ///
    /// A token goes under `name`; `addsPosition` where the answer does not say itself where it stands.
    mutating func carry(
        _ carried: CarriedState,
        as name: String = "state",
        addsPosition: Bool = false
    ) throws(ServiceError) -> [(String, JSON)] {
        guard carries else { return [] }
        var members: [(String, JSON)] = []
        if addsPosition { members.append(("position", .integer(carried.position))) }
        if let session {
            session.next = carried
            members.append(("expires_at", .string(timestamp(after: session.ttl))))
        }
        if returnsState { members += try token(of: carried, try model, as: name) }
        return members
    }

    /// A token for the state, and until when it is good.
    mutating func token(
        of carried: CarriedState,
        _ model: Model,
        as name: String = "state"
    ) throws(ServiceError) -> [(String, JSON)] {
        let seconds = configuration.sessionSeconds
        let token = host.tokens.seal(
            carried,
            of: model,
            digest: try host.digest(of: model),
            keyName: key?.name,
            seconds: seconds
        )
        if !host.tokens.areKept {
            warnings.append("the state ends with this server process: no state_keys_file is set")
        }
        return [
            (name, .string(token)), ("state_expires_at", .string(timestamp(after: seconds))),
        ]
    }

    /// The time so many seconds from now (RFC 3339).
    func timestamp(after seconds: Int) -> String {
        Date(timeIntervalSinceNow: Double(seconds)).formatted(.iso8601)
    }
}

extension Model {
    /// Whether something goes on from request to request.
    var hasStates: Bool { !stateNames.isEmpty }

    var withoutStates: SessionFault { .withoutStates(model: name, layer: backwardLayer) }
}
