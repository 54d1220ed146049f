import HTTP
import Models
import Telemetry
import TensorFormats
import Texts

/// A request on its way to its answer: what an endpoint reads from.
struct Call {
    /// Its body is unpacked by the time an endpoint sees it.
    var request: Request
    let route: Route
    let parameters: PathParameters
    /// What is configured, as it was when the request came.
    let settings: Settings
    let host: Host
    var cancellation: Cancellation
    /// The form of the answer the client likes best of those the route has.
    let form: AnswerForm
    var stopwatch: Stopwatch
    /// Inputs the answer was computed for.
    var inferences = 1
    /// What is odd about the input though it could be used, a sentence each.
    var warnings: [String] = []
    /// The client's key.
    let key: AccessKey?
    /// Held among the concurrent requests of the client's key until the call is over.
    var place: KeyUse.Place?
    /// Whether it is prepared for another one's turn, in which nothing may be computed but steps.
    var isCompanion = false
    /// What it knows of sessions that servers share.
    let holder: SessionHolder?
    /// The session whose step this is.
    var session: SessionStep?
    /// Whether the state is wanted back as a token.
    var returnsState = false
    /// What the answer says of the state that goes on, where whoever computes does not write it.
    var carriedAnswer: [(String, JSON)] = []
    /// Memory promised to the answer.
    var answerRoom: AnswerRoom?
    /// The model the path names.
    let namedModel: Model?

    /// Checks the path's model, what the client accepts and the query's keys; `matched` is what the path led to.
    init(
        _ request: Request,
        _ matched: (route: Route, parameters: PathParameters),
        of context: RequestContext,
        host: Host,
        cancellation: Cancellation
    ) throws(ServiceError) {
        self.request = request
        (route, parameters) = matched
        (settings, key, holder) = (context.settings, context.key, context.holder)
        self.host = host
        self.cancellation = cancellation
        stopwatch = Stopwatch(since: request.arrival)
        // Where a route has no forms, what it sends is a file.
        form =
            route.conventions == .own && !route.forms.isEmpty
            ? try AnswerForm.choose(accept: request.header("Accept"), from: route.forms)
            : route.forms.first ?? .json
        if let model = parameters.model, let label = parameters.label {
            // Versions have numbers here; nobody gives them labels.
            throw .unknownVersion(
                model: model,
                version: label,
                available: host.repository.versions(of: model)
            )
        }
        if route.isSessionStep, let id = parameters.session {
            let step = try host.sessions.openStep(id, of: context.key, holder)
            (session, namedModel) = (step, step.model)
        } else if let chooseModel = route.chooseModel {
            namedModel = try chooseModel(request, host, context)
        } else if route.needsModel, let name = parameters.model {
            namedModel = try host.repository.servedModel(
                named: name,
                version: route.conventions.version(parameters.version)
            )
        } else {
            namedModel = nil
        }
        try checkQuery()
    }

    /// The path's model; endpoints without one do not ask.
    var model: Model {
        get throws(ServiceError) {
            guard let namedModel else {
                throw .missingField("model", expected: "a model's name in the path")
            }
            return namedModel
        }
    }

    /// Whom the request counts for, and whose sequences it may continue.
    var client: ClientIdentity { ClientIdentity(keyName: key?.name, peer: request.peer) }

    /// The path's model as metrics name it.
    var modelLabel: ModelLabel? {
        namedModel?.label
    }

    var configuration: Configuration { settings.configuration }

    /// The version the path names; nil asks for the newest.
    var namedVersion: String? { route.conventions.version(parameters.version) }

    /// False when every model is gone, and none is to be expected from a client.
    var hasModelsOrWaits: Bool {
        configuration.repositoryChanges || !host.repository.models.isEmpty
    }

    private func checkQuery() throws(ServiceError) {
        guard route.conventions == .own else { return }
        let known = route.query.map(\.name)
        var seen: Set<String> = []
        for item in request.query {
            guard known.contains(item.name) else {
                throw .unknownQueryKey(item.name, known: known)
            }
            guard seen.insert(item.name).inserted else { throw .repeatedQueryKey(item.name) }
        }
    }
}

extension Call {
    /// The value of a query key as it was sent.
    func text(_ key: String) -> String? {
        request.query.first { $0.name == key }?.value
    }

    /// A query key's integer; nil when it is not given.
    func integer(_ key: String, in range: ClosedRange<Int>) throws(ServiceError) -> Int? {
        guard let text = text(key) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let bounds = "an integer from \(range.lowerBound) to \(range.upperBound)"
            throw .invalidValue(field: key, expected: bounds, got: text)
        }
        return value
    }

    /// A query key's truth value; a key without a value is true.
    func flag(_ key: String) throws(ServiceError) -> Bool {
        switch text(key) {
        case nil, "false", "0": false
        case "true", "1", "": true
        case let other?:
            throw .invalidValue(field: key, expected: "true or false", got: other)
        }
    }

    /// One of a few words; nil when the key is not given.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        of type: Choice.Type
    ) throws(ServiceError) -> Choice? where Choice.RawValue == String {
        guard let text = text(key) else { return nil }
        guard let value = Choice(rawValue: text) else {
            let words = listed(Choice.allCases.map(\.rawValue), "or")
            throw .invalidValue(field: key, expected: words, got: text)
        }
        return value
    }

    /// Names separated by commas; nil when the key is not given.
    func names(_ key: String) throws(ServiceError) -> [String]? {
        guard let text = text(key) else { return nil }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty }), Set(names).count == names.count else {
            throw .invalidValue(
                field: key,
                expected: "different names separated by commas",
                got: text
            )
        }
        return names
    }
}
