import Graph
import HTTP
import Telemetry
import TensorFormats

extension ServiceError {
    /// The answer to a request that was refused before anything was done for it.
    func refusal(requestID: String) -> Response {
        var response = response(requestID: requestID)
        response.headers.append(("Server-Timing", Stopwatch(since: .now).serverTiming))
        return response
    }

    /// The sentence, the code and what names the place.
    func document(requestID: String) -> JSON {
        var members: [(String, JSON)] = [
            ("error", .string(description)), ("code", .string(code)),
            ("request_id", .string(requestID)),
        ]
        if let field { members.append(("field", .string(field))) }
        if let expected { members.append(("expected", .string(expected))) }
        if case .tensor(let fault) = self {
            members.append(("signature", .string(fault.signature)))
            members.append(("example", .string(fault.example)))
        }
        if case .session(_, .position(let current, _)) = self {
            members.append(("position", .integer(current)))
        }
        if let got { members.append(("got", .string(String(got.prefix(200))))) }
        return .object(members)
    }

    /// The answer, with the fields that its status calls for.
    func response(requestID: String) -> Response {
        var headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        switch self {
        case .methodNotAllowed(_, let allowed):
            headers.append(("Allow", allowed.joined(separator: ", ")))
        case .webSocket(let refusal): headers += refusal.headers
        case .overloaded(_, let seconds), .tooManyRequests(_, let seconds):
            headers.append(("Retry-After", String(seconds)))
        case .http(.tooManyConnections), .http(.tooManyOfClient), .http(.tooManyBodies),
            .tooManyConcurrentRequests, .starting, .ending, .modelNotServed(_, _, isLoading: true),
            .session(_, .storeFault), .sequence(_, .storeFault):
            headers.append(("Retry-After", "1"))
        case .unauthorized(let isKeyGiven):
            let problem = isKeyGiven ? ", error=\"invalid_token\"" : ""
            headers.append(("WWW-Authenticate", "Bearer realm=\"striate\"\(problem)"))
        default: break
        }
        let body = document(requestID: requestID).text
        var response = Response(status, headers: headers, body: body)
        response.note = AnswerNote(code: code)
        return response
    }

    private var field: String? {
        switch self {
        case .unknownQueryKey(let key, _), .repeatedQueryKey(let key): key
        case .unknownField(let field, _), .missingField(let field, _),
            .invalidValue(let field, _, _), .shape(let field, _, _), .base64(let field, _),
            .emptySequence(let field, _), .invalidText(let field), .unwantedField(let field, _, _):
            field
        case .invalidHeader(let name, _, _): name
        case .image(_, let part): part
        case .tensor(let fault): fault.field
        case .sequence: "sequence_id"
        case .json(.unknownKey(let key, _, _)), .json(.missingKey(let key, _)),
            .json(.duplicateKey(let key, _)):
            key
        case .model(.unknownLayer): "layer"
        default: nil
        }
    }

    private var expected: String? {
        switch self {
        case .unknownQueryKey(_, let known), .unknownField(_, let known),
            .json(.unknownKey(_, let known, _)):
            known.joined(separator: ", ")
        case .unknownModel(_, let available), .unknownExample(_, _, let available),
            .unknownVersion(_, _, let available),
            .notAcceptable(_, let available),
            .model(.unknownLayer(_, let available)):
            available.joined(separator: ", ")
        case .methodNotAllowed(_, let allowed): allowed.joined(separator: ", ")
        case .missingField(_, let expected), .invalidValue(_, let expected, _),
            .invalidHeader(_, let expected, _), .shape(_, let expected, _),
            .unsupportedMedia(_, let expected), .emptyBody(let expected):
            expected
        case .sequenceTooLong(let limit, _), .answerTooLarge(let limit, _),
            .picturesTooLarge(let limit):
            "at most \(limit)"
        case .json(.syntax(let expected, _, _)), .json(.typeMismatch(let expected, _, _)),
            .json(.ragged(let expected, _, _)):
            expected
        default: nil
        }
    }

    private var got: String? {
        switch self {
        case .unknownQueryKey(let key, _), .unknownField(let key, _), .unknownModel(let key, _),
            .unknownExample(let key, _, _):
            key
        case .invalidValue(_, _, let got), .unwantedField(_, _, let got),
            .invalidHeader(_, _, let got), .shape(_, _, let got),
            .unsupportedMedia(let got, _), .unknownHost(let got, _), .foreignOrigin(let got):
            got
        case .methodNotAllowed(let method, _): method
        case .notAcceptable(let accept, _): accept
        case .sequenceTooLong(_, let got), .answerTooLarge(_, let got): String(got)
        case .model(.unknownLayer(let name, _)): name
        case .json(.syntax(_, let got, _)), .json(.typeMismatch(_, let got, _)),
            .json(.ragged(_, let got, _)):
            got
        default: nil
        }
    }
}
