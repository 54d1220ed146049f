import Foundation
import Testing

/// A request that must be refused, and how.
struct BadRequest: Sendable, CustomTestStringConvertible {
    let name: String
    var path: String
    var arguments: [String] = []
    var body: Data?
    let status: Int
    let code: String
    /// A part of the sentence.
    let phrase: String

    var testDescription: String { name }

    static func post(
        _ name: String,
        _ path: String,
        _ body: Data,
        _ status: Int,
        _ code: String,
        _ phrase: String,
        _ headers: String...
    ) -> BadRequest {
        BadRequest(
            name: name,
            path: path,
            arguments: headers.flatMap { ["-H", $0] },
            body: body,
            status: status,
            code: code,
            phrase: phrase
        )
    }

    static func json(
        _ path: String,
        _ text: String,
        _ status: Int,
        _ code: String,
        _ phrase: String
    ) -> BadRequest {
        post(
            "\(path) \(text.prefix(60))",
            "/models/" + path,
            Data(text.utf8),
            status,
            code,
            phrase,
            "Content-Type: application/json"
        )
    }

    static func get(
        _ path: String,
        _ status: Int,
        _ code: String,
        _ phrase: String,
        _ arguments: String...
    ) -> BadRequest {
        BadRequest(
            name: "GET \(path.prefix(60)) \(arguments)",
            path: path,
            arguments: arguments,
            status: status,
            code: code,
            phrase: phrase
        )
    }

    static func all() throws -> [BadRequest] {
        try requests() + pictures() + numbers() + sequences()
    }

    private static func requests() -> [BadRequest] {
        let classify = "/models/fashion/classify"
        return [
            get("/nothing", 404, "unknown_route", "There is no route \"/nothing\""),
            get("/model", 404, "unknown_route", "the nearest is GET /models"),
            get("/models/", 404, "unknown_model", "hosted are brackets, fashion,"),
            get("/models/fashio", 404, "unknown_model", "There is no model \"fashio\""),
            get("/models/fa%73hio", 404, "unknown_model", "\"fashio\""),
            get("/models/%2e%2e%2fetc", 404, "unknown_model", "\"../etc\""),
            get("/models/%zz", 400, "malformed_target", "percent"),
            get("/models/%ff", 400, "malformed_target", "percent"),
            get(classify, 405, "method_not_allowed", "use POST or OPTIONS"),
            get("/models", 405, "method_not_allowed", "GET, HEAD or OPTIONS", "-X", "DELETE"),
            get("/healthz", 405, "method_not_allowed", "GET", "-X", "PUT"),
            get("/healthz?x=1", 400, "unknown_query_key", "Unknown query key \"x\""),
            get("/models/fashion/kernels?layr=a", 400, "unknown_query_key", "known here: layer"),
            get("/models/fashion/kernels?layer=nope", 400, "unknown_layer", "conv1"),
            get("/models/fashion/kernels?layer=pool1", 400, "unknown_layer", "conv1"),
            get("/models/listops/kernels", 400, "wrong_task", "listops"),
            get("/models/scripture/graph?unfold=0", 400, "invalid_value", "from 1 to 32"),
            get("/models/scripture/graph?unfold=33", 400, "invalid_value", "from 1 to 32"),
            get("/models/scripture/graph?unfold=", 400, "invalid_value", "from 1 to 32"),
            get("/models/fashion/graph?unfold=3", 400, "invalid_value", "is not recurrent"),
            get("/models/fashion/graph?steps=3", 400, "unknown_query_key", "known here: unfold"),
            get(
                "/models/fashion/kernels",
                406,
                "not_acceptable",
                "image/png",
                "-H",
                "Accept: text/html"
            ),
            get("/models", 400, "invalid_header", "Accept", "-H", "Accept: nonsense"),
            get("/models", 413, "body_too_large", "limit of 0 bytes", "-X", "GET", "-d", "x"),
            get(
                "/healthz?" + String(repeating: "a", count: 9000),
                414,
                "target_too_long",
                "8192"
            ),
            get(
                "/healthz",
                431,
                "head_too_large",
                "16384",
                "-H",
                "X: " + String(repeating: "a", count: 17_000)
            ),
            get("/healthz", 417, "unknown_expectation", "100-continue", "-H", "Expect: magic"),
            get("/healthz", 400, "invalid_host", "Host", "-H", "Host: a b"),
            post(
                "a deadline that is no number",
                classify,
                Data([1]),
                400,
                "invalid_header",
                "X-Request-Timeout-Ms",
                "X-Request-Timeout-Ms: soon"
            ),
            post(
                "a content coding",
                classify,
                Data([1]),
                415,
                "unsupported_content_encoding",
                "content coding",
                "Content-Encoding: br"
            ),
        ]
    }
}
