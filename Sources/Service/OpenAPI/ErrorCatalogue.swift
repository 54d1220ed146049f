import HTTP
import Graph
import Images
import Models
import TensorFormats

/// One error of each code, with the sentence that a client may get.
enum ErrorCatalogue {
    static var all: [ServiceError] { framing + asking + queries + bodies + models + server }

    private static let place = JSONPosition(offset: 7, line: 1, column: 8)

    private static let framing: [ServiceError] =
        [
            .malformedRequestLine, .malformedTarget, .malformedField, .missingHost, .invalidHost,
            .invalidContentLength, .conflictingLengths, .invalidTransferEncoding,
            .unsupportedTransferEncoding, .unsupportedContentEncoding, .invalidChunk,
            .unknownExpectation, .targetTooLong(limit: 8192), .headTooLarge(limit: 16_384),
            .tooManyFields(limit: 100), .trailersTooLarge(limit: 16_384),
            .bodyTooLarge(limit: 16_777_216), .headTimeout, .bodyTimeout, .plainOnSecurePort,
            .unsupportedVersion, .methodNotImplemented, .tooManyConnections(limit: 4096),
            .tooManyOfClient(limit: 1024), .tooManyBodies(limit: 1_073_741_824), .noAnswer,
        ].map { .http($0) } + [
            .contentCoding(.corrupt(.gzip)), .contentCoding(.truncated(.gzip)),
            .contentCoding(.trailingBytes(.gzip)), .contentCoding(.tooLarge(limit: 16_777_216)),
            .contentCoding(.ratio(limit: 1000)),
        ]

    private static let asking: [ServiceError] = [
        .unknownRoute(path: "/models/fashion/clasify", nearest: "/models/fashion/classify"),
        .methodNotAllowed(method: "GET", allowed: ["POST"]),
        .invalidHeader(name: "X-Request-Timeout-Ms", expected: "an integer from 1", got: "soon"),
        .webSocket(.notAsked),
        .notAcceptable(accept: "image/webp", available: ["image/png", "application/json"]),
        .unsupportedMedia(got: "text/html", expected: "application/json"),
        .unauthorized(isKeyGiven: false), .forbidden(reason: "it needs an administrator's key"),
        .unknownHost("models.example.org", isLoopbackOnly: true),
        .foreignOrigin("https://example.org"),
        .tooManyRequests(perSecond: 50, retryAfterSeconds: 1),
        .tooManyConcurrentRequests(limit: 8),
    ]

    private static let queries: [ServiceError] = [
        .unknownQueryKey("topk", known: ["top"]), .repeatedQueryKey("top"),
        .unknownField("txt", known: ["text", "tokens"]),
        .missingField("text", expected: "a text"),
        .invalidValue(field: "top", expected: "an integer from 1 to 10", got: "0"),
    ]

    private static let bodies: [ServiceError] = [
        .emptyBody(expected: "a PNG or JPEG file"),
        .json(.syntax(expected: "a value", got: "}", at: place)),
        .json(.duplicateKey("text", at: place)), .npy(.notNPY), .csv(.empty),
        .base64(field: "image", .invalidLength(3)), .multipart(.noParts),
        .image(.notAnImage(firstBytes: Array("<html>".utf8)), part: nil),
        .image(.unsupported("WebP images are not read: send a PNG or JPEG file."), part: nil),
        .image(.tooLarge(width: 20_000, height: 20_000, maximumPixels: 40_000_000), part: nil),
        .image(.truncated(.png), part: nil),
        .shape(field: "pixels", expected: "[1, 28, 28]", got: "[3, 28, 28]"),
        .vocabulary(VocabularyError(symbol: "é", position: 2)),
        .emptySequence(field: "text", atLeast: 1),
        .sequenceTooLong(limit: 100_000, got: 200_000), .invalidText(field: "the body"),
        .picturesTooLarge(limit: 40_000_000), .answerTooLarge(limit: 16_777_216, got: 20_000_000),
    ]

    private static let models: [ServiceError] = [
        .unknownModel("fasion", available: ["fashion", "lenet"]),
        .unknownExample("shoe.png", model: "fashion", available: ["shirt.png", "bag.png"]),
        .unknownVersion(model: "fashion", version: "7", available: ["2"]),
        .modelNotServed(model: "fashion", reason: "it is being loaded", isLoading: true),
        .modelNotServed(model: "fashion", reason: "it was unloaded", isLoading: false),
        .sequence("7", .withoutStates(model: "fashion", layer: nil)), .sequence("7", .unknown),
        .sequence("7", .busy), .session("draft", .unknown),
        .session("draft", .expired(isModelGone: false, ttl: 600, ago: 733)),
        .session("draft", .taken), .session("draft", .busy),
        .session("draft", .position(current: 12, asked: 9)),
        .session("draft", .noRoom(held: 201_326_592, all: 201_326_592, limit: 268_435_456)),
        .session("", .invalidState(reason: "it has expired")),
        .session("", .stateOfOtherModel(model: "scripture", reason: "its weights are others now")),
        .session("draft", .storeFault(reason: "it did not answer within 250 ms")),
        .loadFailed(
            model: "fashion",
            .unknownField(field: "model.json, lables", hint: "did you mean \"labels\"?")
        ), .repositoryLocked,
        .wrongTask(
            model: "scripture",
            operation: "take a picture",
            offered: ["next", "score"],
            advice: ""
        ),
        .model(.unknownLayer("conv9", available: ["conv1", "maxout1"])),
        .model(.unknownInput("x", available: ["image"])),
        .model(.missingInput(name: "image", expected: "float32 [any, 1, 28, 28]")),
        .model(.inputType(name: "image", expected: "float32 [any, 1, 28, 28]", got: "int64 [1]")),
        .model(.tokenOutOfRange(position: 0, token: 99, count: 82)),
        .model(.indexOutOfRange(input: "ids", position: 0, index: 9, count: 5)),
        .model(.tooLarge(bytes: 1 << 30, limit: 512 << 20)),
        .model(.outOfMemory(bytes: 256 << 20)),
        .model(.notStreamable(layer: "backward")), .nonFiniteResult(output: "logits", index: 0),
        .model(.invalidWeights("the tensor \"conv1.weight\" is missing")),
    ]

    private static let server: [ServiceError] = [
        .starting, .ending, .overloaded(waitingMilliseconds: 700, retryAfterSeconds: 1),
        .deadlineUnreachable(milliseconds: 100, predictedMilliseconds: 300),
        .computedTooLong(seconds: 30), .clientGone,
    ]
}

/// Tables of the documentation that are made from the code.
public enum GeneratedDocuments {
    /// docs/errors.md.
    public static var errors: String {
        var seen: Set<String> = []
        let rows = ErrorCatalogue.all.filter {
            seen.insert("\($0.status.code) \($0.code)").inserted
        }
        .sorted { ($0.status.code, $0.code) < ($1.status.code, $1.code) }
        .map { "| \($0.status.code) | `\($0.code)` | \(cell($0.description)) |" }
        return """
            # Errors

            Made by `striate document errors`. Every error of our own routes is `{"error": a sentence, "code": …, "request_id": …}`, with
            `field`, `expected` and `got` where they are known; other servers' routes have the error in their own form. A code is stable,
            a sentence may change. 429 and 503 say in `Retry-After` when to come again.

            | status | code | for example |
            |---|---|---|
            \(rows.joined(separator: "\n"))

            """
    }

    /// docs/settings.md.
    public static var settings: String {
        let defaults = Configuration()
        let rows = Setting.all.map { setting in
            let value = String(decoding: setting.read(defaults).text, as: UTF8.self).filter {
                $0 != "\n"
            }
            return
                "| `\(setting.name)` | `\(value)` | \(cell(setting.expected)) | \(cell(setting.summary)) |"
        }
        return """
            # Settings

            Made by `striate document settings`. A setting comes from a flag (`--set NAME=VALUE`, or one of `striate serve --help`), else from the
            environment (`STRIATE_` and its name in capitals), else from the configuration file (`--configuration`, or `config/striate.json`), else
            it has its default. 0 and "" mean what stands beside them.

            | setting | unless given | takes | |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))

            """
    }

    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("\n", with: " ")
    }
}
