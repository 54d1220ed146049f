public import Graph
public import HTTP
public import Images
public import Models
public import TensorFormats

/// Why a request is not answered with a result: the only error endpoints throw.
public enum ServiceError: Error, Sendable {
    // The request itself.
    case http(HTTPError)
    case contentCoding(ContentCodingError)
    case unknownRoute(path: String, nearest: String?)
    case methodNotAllowed(method: String, allowed: [String])
    case invalidHeader(name: String, expected: String, got: String)
    case notAcceptable(accept: String, available: [String])
    case unsupportedMedia(got: String, expected: String)
    // Who asks.
    /// No key came with the request, or `isKeyGiven` and it is unknown.
    case unauthorized(isKeyGiven: Bool)
    case forbidden(reason: String)
    /// Without a key, to a host that anybody's page may be called.
    case unknownHost(String, isLoopbackOnly: Bool)
    /// Without a key, from a page of another origin.
    case foreignOrigin(String)
    case tooManyRequests(perSecond: Int, retryAfterSeconds: Int)
    case tooManyConcurrentRequests(limit: Int)
    // The query, and the keys of a JSON body.
    case unknownQueryKey(String, known: [String])
    case repeatedQueryKey(String)
    case unknownField(String, known: [String])
    case missingField(String, expected: String)
    /// A value of the query or the body that is not allowed.
    case invalidValue(field: String, expected: String, got: String)
    /// A field that must not be there, and why.
    case unwantedField(String, reason: String, got: String)
    // The body.
    case emptyBody(expected: String)
    case json(JSONError)
    case npy(NPYError)
    case csv(CSVError)
    case base64(field: String, Base64Error)
    case multipart(MultipartError)
    /// `part` names the file of a form.
    case image(ImageError, part: String?)
    case shape(field: String, expected: String, got: String)
    case vocabulary(VocabularyError)
    case emptySequence(field: String, atLeast: Int)
    case sequenceTooLong(limit: Int, got: Int)
    case invalidText(field: String)
    /// The pictures of one request have more pixels together than `limit`.
    case picturesTooLarge(limit: Int)
    /// The answer would hold `got` numbers.
    case answerTooLarge(limit: Int, got: Int)
    /// The same in bytes of memory.
    case answerTooLong(limit: Int, got: Int, advice: String)
    /// A request that does not open a WebSocket where one is to be opened.
    case webSocket(WebSocketRefusal)
    // The model.
    case unknownModel(String, available: [String])
    case unknownExample(String, model: String, available: [String])
    case unknownVersion(model: String, version: String, available: [String])
    /// Known, but not served now; `isLoading` says that it may be soon.
    case modelNotServed(model: String, reason: String, isLoading: Bool)
    /// A mistake in tensors sent by another protocol's rules.
    case tensor(TensorFault)
    /// Of the session of this id, or of a state that travels with its client.
    case session(String, SessionFault)
    /// Of a session that is a sequence of the sequence extension.
    case sequence(String, SessionFault)
    case loadFailed(model: String, ModelError)
    /// The repository may not be changed over HTTP.
    case repositoryLocked
    /// `advice` says what would let it do that; empty if nothing is known.
    case wrongTask(model: String, operation: String, offered: [String], advice: String)
    case model(ModelError)
    case nonFiniteResult(output: String, index: Int)
    // The server's state.
    case starting
    case ending
    case overloaded(waitingMilliseconds: Int, retryAfterSeconds: Int)
    case deadlineUnreachable(milliseconds: Int, predictedMilliseconds: Int)
    case deadlineExceeded(milliseconds: Int)
    /// Computing took longer than the setting `compute_seconds` allows.
    case computedTooLong(seconds: Int)
    case clientGone
}

extension ServiceError {
    /// A model asked for what its task does not offer.
    static func wrongTask(_ model: Model, _ operation: String) -> ServiceError {
        .wrongTask(
            model: model.name,
            operation: operation,
            offered: model.manifest.operations,
            advice: model.remark
        )
    }
}
