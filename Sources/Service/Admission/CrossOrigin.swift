import HTTP

/// Which pages of other origins may read answers (the fetch standard's CORS protocol), and send what changes something
/// without a key; by default none.
struct CrossOrigin: Sendable {
    private static let readableFields = """
        X-Request-Id, X-Model-Version, X-Model-Numerics, Server-Timing, Retry-After, X-Striate-Picture, \
        X-Striate-Warning, Inference-Header-Content-Length
        """

    private let origins: [String]

    /// From a list separated by commas; "*" is any origin.
    init(_ list: String) {
        origins = list.split { $0 == "," || $0 == " " }.map(String.init)
    }

    /// The fields that let the page that asks read the answer.
    func headers(for head: RequestHead) -> [(String, String)] {
        guard !origins.isEmpty else { return [] }
        guard let allowed = allowedOrigin(head) else { return varies }
        return varies + [
            ("Access-Control-Allow-Origin", allowed),
            ("Access-Control-Expose-Headers", Self.readableFields),
        ]
    }

    /// The answer to a browser's question before the request itself; nil if it is none.
    ///
    /// Keys travel in a field, never in a cookie, so that credentials need not be allowed.
    func preflight(_ head: RequestHead, methods: [String]) -> Response? {
        guard head.method == "OPTIONS", !origins.isEmpty,
            head.header("Access-Control-Request-Method") != nil, let allowed = allowedOrigin(head)
        else { return nil }
        var fields =
            varies + [
                ("Access-Control-Allow-Origin", allowed),
                ("Access-Control-Allow-Methods", methods.joined(separator: ", ")),
                ("Access-Control-Max-Age", "600"),
            ]
        if let asked = head.header("Access-Control-Request-Headers") {
            fields.append(("Access-Control-Allow-Headers", asked))
        }
        return Response(.noContent, headers: fields)
    }

    /// Whether requests of this origin's pages are carried out, for a route of this access.
    ///
    /// Any origin's are not, where they would change what is hosted: such an origin must be named.
    func names(_ origin: String, for access: AccessLevel) -> Bool {
        origins.contains(origin) || origins.contains("*") && access != .administrators
    }

    private func allowedOrigin(_ head: RequestHead) -> String? {
        if origins.contains("*") { return "*" }
        guard let origin = head.header("Origin"), origins.contains(origin) else { return nil }
        return origin
    }

    /// Answers differ by origin unless all are welcome.
    private var varies: [(String, String)] {
        origins.contains("*") ? [] : [("Vary", "Origin")]
    }
}
