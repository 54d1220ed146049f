import HTTP
import Models

/// One method on one path: what it takes, where it runs and what answers it.
struct Route: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// Whose rules a route keeps.
    enum Conventions: Sendable {
        /// Everything that is not known is an error.
        case own
        /// Another protocol's: unknown query keys and Accept are its clients' own business.
        case openInference
        case tensorFlow

        /// A version as a path names it; some clients of TensorFlow Serving write 0 for the newest.
        func version(_ named: String?) -> String? {
            self == .tensorFlow && named == "0" ? nil : named
        }
    }

    /// What the body carries.
    enum Body: Sendable {
        case none
        case image
        case sequence
        case tree
        /// Tensors in another protocol's form.
        case tensors
        /// A small document, or nothing.
        case document
    }

    /// Where the answer is made.
    enum Placement: Sendable {
        /// On the event loop: for answers that take microseconds.
        case loop
        /// On the concurrent queue, after admission.
        case queue
        /// On the thread that loads models.
        case loading
    }

    let method: Method
    /// The path with `{model}` where a model's name stands, as in OpenAPI.
    let template: String
    let summary: String
    var body = Body.none
    var placement = Placement.loop
    var access = AccessLevel.clients
    /// Whether the answer stays the same as long as the models do, and so has an entity tag.
    var isRevalidated = false
    var query: [QueryKey] = []
    var forms: [AnswerForm] = [.json]
    /// Whether the path's model must be served; else the name is only read.
    var needsModel = true
    var conventions = Conventions.own
    /// Whether a parameter of the body says which of its client's requests goes first.
    var readsPriority = false
    /// Finds the model where the path names none.
    var chooseModel: (@Sendable (Request, ModelRepository) throws(ServiceError) -> Model)?
    let answer: @Sendable (inout Call) throws(ServiceError) -> Answer

    /// Whether a cache may keep the answer, and the client chose its form.
    var variesByAccept: Bool { isRevalidated && conventions == .own && forms.count > 1 }

    /// The last word of a model's route, which names its metrics; empty for the others.
    var operation: String {
        // Bytes: every request asks, and characters cost ten times as much.
        let bytes = template.utf8
        guard bytes.starts(with: "/models/{model}/".utf8) || placement == .queue else { return "" }
        let separator = bytes.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") }
        let word = separator.map { template[$0...].dropFirst() } ?? template[...]
        return word.utf8.first == UInt8(ascii: "{") ? "" : String(word)
    }

    /// Bytes that a body may have.
    func bodyLimit(_ configuration: Configuration) -> Int {
        switch body {
        case .none: 0
        case .image, .tensors: configuration.imageBodyBytes
        case .sequence, .tree, .document: configuration.bodyBytes
        }
    }
}
