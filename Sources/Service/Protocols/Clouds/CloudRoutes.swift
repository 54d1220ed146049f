import HTTP
import Models
import TensorFormats
import Texts

/// What Amazon SageMaker and Google Vertex AI ask of a container.
enum CloudRoutes {
    static let routes = [health("/ping"), invocations("/invocations")]

    /// The routes that Vertex AI names in AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE.
    ///
    /// They do not stand for a path that is one of the `others`.
    static func configured(_ configuration: Configuration, besides others: [Route]) -> [Route] {
        let known = others.map(\.template)
        func isFree(_ path: String) -> Bool {
            path.hasPrefix("/") && !path.contains("{") && !known.contains(path)
        }
        var routes: [Route] = []
        if isFree(configuration.healthRoute) { routes.append(health(configuration.healthRoute)) }
        if isFree(configuration.predictRoute) {
            routes.append(invocations(configuration.predictRoute))
        }
        return routes
    }

    private static func health(_ template: String) -> Route {
        Route(
            method: .get,
            template: template,
            summary:
                "SageMaker and Vertex AI: 200 when ready, 503 while the server is shutting down.",
            access: .everyone,
            forms: [],
            conventions: .openInference,
            document: RouteDocument(answerExample: [:]),
            answer: { (call) throws(ServiceError) in
                Answer([:], status: call.host.phase.isDraining ? .serviceUnavailable : .ok)
            }
        )
    }

    private static func invocations(_ template: String) -> Route {
        Route(
            method: .post,
            template: template,
            summary:
                "SageMaker and Vertex AI: a request of the one model, or of the one a header names.",
            body: .tensors,
            placement: .queue,
            forms: [],
            conventions: .tensorFlow,
            joins: true,
            chooseModel: { (request, host, context) throws(ServiceError) in
                if let model = try SageMakerSession(request)?.model(of: host, context) {
                    return model
                }
                return try Invocation(request).model(of: host.repository)
            },
            document: RouteDocument(
                requestExample: ["instances": [[0]]],
                answerExample: ["predictions": [[0, 1]]]
            ),
            answer: { (call) throws(ServiceError) in
                if let session = SageMakerSession(call.request),
                    let answer = try session.begin(&call)
                {
                    return answer
                }
                return try Invocation(call.request).answer(&call)
            }
        )
    }
}

/// One request to a container: which model it is for, and by which protocol it is written.
private struct Invocation {
    private let request: Request
    /// Names of model and version that the client gave.
    private let name: String?
    private let version: String?

    /// Reads the headers that name a model: SageMaker's target, or Vertex AI's redirection to another protocol's path.
    init(_ request: Request) throws(ServiceError) {
        self.request = request
        let redirect = "X-Vertex-Ai-Triton-Redirect"
        if let path = request.header(redirect) {
            let parts = path.split(separator: "/").map(String.init)
            let isInfer =
                parts.count >= 4 && parts[0] == "v2" && parts[1] == "models"
                && parts.last == "infer" && (parts.count == 4 || parts.count == 6)
            guard isInfer else {
                throw .invalidHeader(
                    name: redirect,
                    expected: "v2/models/NAME/infer",
                    got: path
                )
            }
            name = parts[2]
            version = parts.count == 6 ? parts[4] : nil
            return
        }
        name = request.header("X-Amzn-SageMaker-Target-Model")
        version = nil
    }

    func model(of repository: ModelRepository) throws(ServiceError) -> Model {
        if let name { return try repository.servedModel(named: name, version: version) }
        let models = repository.models
        guard let only = models.first, models.count == 1 else {
            throw .missingField(
                "X-Amzn-SageMaker-Target-Model",
                expected: "the name of one of the models, \(listed(models.map(\.name), "or"))"
            )
        }
        return only
    }

    func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        switch BodyKind(request) {
        case .picture, .npy, .form, .text: return try ownAnswer(&call)
        case .json, .unknown: break
        }
        if isOpenInference { return try Infer.answer(&call) }
        return isPredict ? try Predict.answer(&call) : try ownAnswer(&call)
    }

    /// Tensors after the JSON, or "inputs" that are a list of objects.
    private var isOpenInference: Bool {
        let type = request.header("Content-Type") ?? ""
        if request.header("Inference-Header-Content-Length") != nil
            || type.contains("json-header-size=")
        {
            return true
        }
        return keys.inputsAreObjects
    }

    private var isPredict: Bool {
        keys.names.contains("instances") || keys.names.contains("inputs")
    }

    private var keys: (names: [String], inputsAreObjects: Bool) {
        var names: [String] = []
        var inputsAreObjects = false
        // A body that is no JSON is reported by whoever reads it whole.
        _ = try? request.body.readJSON(allowsNonFinite: true) { (reader) throws(ServiceError) in
            do throws(JSONError) {
                try reader.object { (key, reader) throws(JSONError) in
                    names.append(key)
                    if key == "inputs" { inputsAreObjects = reader.holdsNamedRows }
                }
            } catch {
                throw .json(error)
            }
        }
        return (names, inputsAreObjects)
    }

    /// What the model's first own route answers to the same body.
    private func ownAnswer(_ call: inout Call) throws(ServiceError) -> Answer {
        switch try call.model.manifest.operations.first {
        case "classify": try Classify.answer(&call)
        case "features": try Features.answer(&call)
        case "next": try Next.answer(&call)
        case "tree": try TreeRoute.answer(&call)
        default: try Encode.answer(&call)
        }
    }
}
