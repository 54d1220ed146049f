import Graph
import HTTP
import Models
import TensorFormats
import Texts

/// A state as a client gives it: a token, or its numbers in the order of the layers.
enum GivenState: Sendable {
    case token(String)
    case numbers(TensorData)

    init(_ reader: inout JSONReader, limit: Int) throws(JSONError) {
        self =
            try reader.peek() == .string
            ? .token(reader.string()) : .numbers(reader.tensor(limit: limit))
    }

    /// The state of this model that it is.
    func carried(by model: Model, _ call: Call) throws(ServiceError) -> CarriedState {
        switch self {
        case .token(let token):
            return try call.open(token, of: model)
        case .numbers(let numbers):
            return CarriedState(state: try StepsReader(model: model, limit: 0).state(numbers))
        }
    }
}

/// `/sessions/{id}/state`: a session's state, to be kept elsewhere and put back.
enum SessionState {
    static let read = Route(
        method: .get,
        template: "/sessions/{session}/state",
        summary:
            "A session's state: a token that this server alone can read, or its numbers as an npz archive.",
        placement: .queue,
        forms: [.json, .npy],
        document: RouteDocument(
            answer: Schema.object(
                "SessionState",
                [
                    ("state", Schema.string), ("position", Schema.integer),
                    ("state_expires_at", Schema.string),
                ]
            ),
            answerExample: [
                "model": "scripture", "version": "2", "state": "AbCd…", "position": 16,
                "state_expires_at": "2027-01-01T12:00:00Z",
            ]
        ),
        answer: { (call) throws(ServiceError) in
            let name = try call.sessionName
            let session = try call.host.sessions.view(name.id, of: call.key, call.holder).session
            var answer =
                call.form == .npy
                ? archive(of: session) : try token(of: session, &call)
            answer.headers += [
                ("X-Session-Id", name.id),
                ("X-Session-Position", String(session.carried.position)),
                ("Cache-Control", "no-store"),
            ]
            return answer
        }
    )

    private static func token(
        of session: HeldSession,
        _ call: inout Call
    ) throws(ServiceError) -> Answer {
        let model = session.model
        let document: JSON = [
            "model": .string(model.name), "version": .string(model.version),
            "position": .integer(session.carried.position),
        ]
        return Answer(document.adding(try call.token(of: session.carried, model)))
    }

    /// An array for each state, by the name of its input.
    private static func archive(of session: HeldSession) -> Answer {
        let arrays = zip(session.model.stateNames, session.carried.state.tensors).map {
            (name: $0.input, shape: $1.shape.dimensions, values: $1.floats ?? [])
        }
        return Answer(.npy, body: NPZ.encode(arrays))
    }

    static let write = Route(
        method: .put,
        template: "/sessions/{session}/state",
        summary: "Puts a session where a state was taken: it rewinds, or goes on from another's.",
        body: .document,
        placement: .queue,
        query: [
            QueryKey(
                name: "position",
                kind: .integer(0...Int(Int32.max)),
                summary: "Where a state of numbers stands; 0 unless given."
            )
        ],
        document: RouteDocument(
            request: Schema.object("GivenState", [("state", Schema.any)], isClosed: true),
            requestExample: ["state": "AbCd…"],
            answer: SessionRoutes.session,
            answerExample: SessionRoutes.example
        ),
        answer: { (call) throws(ServiceError) in
            let name = try call.sessionName
            let model = try call.host.sessions.view(name.id, of: call.key, call.holder).session
                .model
            let carried = try given(to: model, call)
            do throws(SessionFault) {
                let view = try call.host.sessions.set(name, to: carried, call.holder)
                var answer = Answer(SessionRoutes.document(of: view, call))
                answer.headers = [("X-Session-Id", name.id)]
                return answer
            } catch {
                throw .session(name.id, error)
            }
        }
    )

    private static let expected =
        #"{"state": "TOKEN"}, {"state": [0.5, …]}, or an npz or npy file as application/x-npy"#

    private static func given(
        to model: Model,
        _ call: Call
    ) throws(ServiceError) -> CarriedState {
        let request = call.request
        try request.checkBody(expecting: expected)
        var carried: CarriedState
        if request.body.prefix(2) == Array("PK".utf8) {
            carried = CarriedState(state: try archived(request.body, by: model))
        } else if case .npy = BodyKind(request) {
            let numbers = try request.body.withSpan { (bytes) throws(ServiceError) in
                do throws(NPYError) {
                    return try NPY.decode(bytes, limit: model.stateCount + 1)
                } catch {
                    throw .npy(error)
                }
            }
            let flat = TensorData(shape: [numbers.values.count], values: numbers.values)
            carried = try GivenState.numbers(flat).carried(by: model, call)
        } else {
            let given = try document(call)
            carried = try given.carried(by: model, call)
            if case .token = given { return carried }
        }
        let position = try call.integer("position", in: 0...Int(Int32.max)) ?? 0
        carried.state = carried.state.moved(by: position, to: carried.state.tensors)
        return carried
    }

    private static func document(_ call: Call) throws(ServiceError) -> GivenState {
        try call.request.checkJSONBody(expecting: expected)
        let limit = call.configuration.answerNumbers
        var state: GivenState?
        try call.document { (key, reader) throws(JSONError) in
            guard key == "state" else { throw reader.unknownKey(key, known: ["state"]) }
            state = try GivenState(&reader, limit: limit)
        }
        guard let state else { throw .missingField("state", expected: expected) }
        return state
    }

    /// The arrays of an npz archive, each under the name of a state's input.
    private static func archived(
        _ body: Bytes,
        by model: Model
    ) throws(ServiceError) -> SequenceState {
        let arrays: [(name: String, tensor: TensorData)]
        do throws(NPZError) {
            arrays = try NPZ.decode(
                body.copy(0..<body.count),
                limit: max(model.stateCount, 1) * 1024
            )
        } catch {
            throw .invalidValue(field: "the body", expected: "an npz file", got: error.description)
        }
        let names = model.stateNames.map(\.input)
        var tensors: [Tensor] = []
        for name in names {
            guard let array = arrays.first(where: { $0.name == name })?.tensor else {
                throw .missingField(name, expected: "an array for each of \(listed(names, "and"))")
            }
            tensors.append(Tensor(shape: Shape(array.shape), floats: array.values))
        }
        let state = SequenceState(tensors: tensors)
        guard model.takes(state) else {
            throw .session(
                "",
                .invalidState(reason: "its arrays have other shapes than the model's states")
            )
        }
        return state
    }
}
