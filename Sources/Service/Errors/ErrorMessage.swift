import Graph
import HTTP
import Images
import Models
import TensorFormats
import Texts

extension ServiceError: CustomStringConvertible {
    /// One sentence a client can act on; it names no path and no type of ours.
    public var description: String {
        switch self {
        case .unknownQueryKey, .repeatedQueryKey, .unknownField, .missingField, .invalidValue,
            .unwantedField,
            .invalidHeader, .shape:
            fieldMessage
        case .emptyBody, .json, .npy, .csv, .base64, .multipart, .image, .vocabulary,
            .emptySequence,
            .sequenceTooLong, .invalidText, .picturesTooLarge, .answerTooLarge,
            .answerTooLong:
            bodyMessage
        case .starting, .ending, .overloaded, .deadlineUnreachable, .deadlineExceeded,
            .computedTooLong, .clientGone:
            stateMessage
        case .unauthorized, .forbidden, .unknownHost, .foreignOrigin, .tooManyRequests,
            .tooManyConcurrentRequests:
            accessMessage
        case .http(let error):
            error.description
        case .contentCoding(let error):
            error.description
        case .unknownRoute(let path, let nearest?):
            "There is no route \(quoted(path)); the nearest is \(nearest)."
        case .unknownRoute(let path, nil):
            "There is no route \(quoted(path)); GET /openapi.json lists all of them."
        case .methodNotAllowed(let method, let allowed):
            "\(quoted(method)) is not possible here; use \(listed(allowed, "or"))."
        case .notAcceptable(let accept, let available):
            "None of the types in Accept: \(quoted(accept)) is available here; "
                + "there is \(listed(available, "and"))."
        case .unsupportedMedia(let got, let expected):
            "The body's type \(quoted(got)) is not understood here; send \(expected)."
        case .unknownModel(let name, let available):
            "There is no model \(quoted(name)); hosted are \(listed(available, "and"))."
        case .unknownExample(let name, let model, let available):
            "The model \(quoted(model)) has no example \(quoted(name)); "
                + "it has \(listed(available, "and"))."
        case .unknownVersion, .modelNotServed, .loadFailed, .repositoryLocked: repositoryMessage
        case .tensor(let fault):
            "\(fault.sentence) Its signature: \(fault.signature). For example: \(fault.example)"
        case .webSocket(let refusal): refusal.description
        case .session(let id, let fault): fault.sentence(of: id, isSequence: false)
        case .sequence(let id, let fault): fault.sentence(of: id, isSequence: true)
        case .wrongTask(let model, let operation, let offered, let advice):
            "The model \(quoted(model)) cannot \(operation); "
                + (offered == ["graph"]
                    ? "it takes tensors at /v2/models/\(model)/infer."
                    : "it offers \(listed(offered, "and")).")
                + (advice.isEmpty ? "" : " It is \(advice).")
        case .model(let error):
            sentence(error.description)
        case .nonFiniteResult(let output, let index):
            "The result \(quoted(output)) is not a finite number at position \(index + 1)."
        }
    }

    private var fieldMessage: String {
        switch self {
        case .unknownQueryKey(let key, let known) where known.isEmpty:
            "Unknown query key \(quoted(key)): this route takes none."
        case .unknownQueryKey(let key, let known):
            "Unknown query key \(quoted(key)); known here: \(known.joined(separator: ", "))."
        case .repeatedQueryKey(let key):
            "The query key \(quoted(key)) is given twice; give it once."
        case .unknownField(let field, let known):
            "Unknown key \(quoted(field)); known here: \(known.joined(separator: ", "))."
        case .missingField(let field, let expected):
            "\(quoted(field)) is missing: expected \(expected)."
        case .unwantedField(let field, let reason, _):
            "Leave \(quoted(field)) out: \(reason)."
        case .invalidValue(let field, let expected, let got):
            "\(quoted(field)) must be \(expected), not \(quoted(got))."
        case .invalidHeader(let name, let expected, let got):
            "The header field \(name) must be \(expected), not \(quoted(got))."
        case .shape(let field, let expected, let got):
            "\(quoted(field)) must have the shape \(expected), not \(got)."
        default: ""
        }
    }

    private var bodyMessage: String {
        switch self {
        case .emptyBody(let expected): "The body is empty: send \(expected)."
        case .json(let error): error.description
        case .npy(let error): error.description
        case .csv(let error): error.description
        case .base64(let field, let error): "\(quoted(field)): \(error.description)"
        case .multipart(let error): error.description
        case .image(let error, nil): error.description
        case .image(let error, let part?): "Part \(quoted(part)): \(error.description)"
        case .vocabulary(let error): sentence(error.description)
        case .emptySequence(let field, let count):
            "\(quoted(field)) is too short: give at least \(count) symbol\(count == 1 ? "" : "s")."
        case .sequenceTooLong(let limit, let got):
            "The sequence has \(got) symbols; at most \(limit) are accepted."
        case .picturesTooLarge(let limit):
            "The pictures of a request may have \(limit) pixels together; send fewer or smaller ones."
        case .answerTooLarge(let limit, let got):
            "The answer would hold \(got) numbers, more than the limit of \(limit); ask for less at once."
        case .answerTooLong(let limit, let got, let advice):
            "The answer would take up to \(got >> 20) MiB with what it shows, more than the limit of "
                + "\(limit >> 20) MiB; \(advice)."
        case .invalidText(let field): "\(quoted(field)) is not valid UTF-8 text."
        default: ""
        }
    }

    private var accessMessage: String {
        switch self {
        case .unauthorized(isKeyGiven: false):
            "This route needs a key: send Authorization: Bearer KEY, or X-API-Key: KEY."
        case .unauthorized(isKeyGiven: true): "The key is not known here."
        case .forbidden(let reason): "This route is for administrators, and \(reason)."
        case .unknownHost(let host, let isLoopbackOnly):
            "Without keys this server is called "
                + (isLoopbackOnly
                    ? "localhost or a loopback address"
                    : "by an address or a name of this network")
                + ", or by what the setting hosts names, not \(quoted(host))."
        case .foreignOrigin(let origin):
            "Pages of other origins, such as \(quoted(origin)), may send this only if the setting cors_origins "
                + "names them."
        case .tooManyRequests(let rate, let retry):
            "This key may send \(rate) requests per second; try again in \(retry) s."
        case .tooManyConcurrentRequests(let limit):
            "This key may have \(limit) requests answered at once; wait for one of them."
        default: ""
        }
    }

    private var repositoryMessage: String {
        switch self {
        case .unknownVersion(let model, let version, let available):
            "The model \(quoted(model)) has no version \(quoted(version)); "
                + "served are \(listed(available, "and"))."
        case .modelNotServed(let model, _, true):
            "The model \(quoted(model)) is being loaded; try again in 1 s."
        case .modelNotServed(let model, let reason, false):
            sentence("The model \(quoted(model)) is not served: \(reason)")
        case .loadFailed(let model, let error):
            sentence("The model \(quoted(model)) could not be loaded: \(error.description)")
        case .repositoryLocked:
            "Models are loaded and unloaded over HTTP only with an administrator's key, or where the "
                + "setting repository_changes is true."
        default: ""
        }
    }

    private var stateMessage: String {
        switch self {
        case .overloaded(let waiting, let retry):
            "The server is busy: \(waiting) ms of work are waiting already; "
                + "try again in \(retry) s."
        case .deadlineUnreachable(let milliseconds, let predicted):
            "The deadline of \(milliseconds) ms cannot be met: the answer would take about "
                + "\(predicted) ms."
        case .deadlineExceeded(let milliseconds):
            "The deadline of \(milliseconds) ms passed before the answer was ready."
        case .computedTooLong(let seconds):
            "Computing the answer took longer than the \(seconds) s that the server's setting "
                + "compute_seconds allows; ask for less at once."
        case .starting: "The server is loading its models; try again in a moment."
        case .ending: "The server is shutting down; send the request to another one."
        case .clientGone: "The client closed the connection before the answer was ready."
        default: ""
        }
    }
}
