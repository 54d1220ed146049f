import HTTP
import Models

/// One method on one path: what it takes, where it runs and what answers it.
final class Route: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
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

    typealias Answering = @Sendable (inout Call) throws(ServiceError) -> Answer
    typealias ModelChoice = @Sendable (Request, Host, RequestContext) throws(ServiceError) -> Model

    let method: Method
    /// The path with `{model}` where a model's name stands, as in OpenAPI.
    let template: String
    let summary: String
    let body: Body
    let placement: Placement
    let access: AccessLevel
    /// Whether the answer stays the same as long as the models do, and so has an entity tag.
    let isRevalidated: Bool
    let query: [QueryKey]
    let forms: [AnswerForm]
    /// Whether the path's model must be served; else the name is only read.
    let needsModel: Bool
    let conventions: Conventions
    /// Whether a parameter of the body says which of its client's requests goes first.
    let readsPriority: Bool
    /// Whether it is a step of the session that the path names, whose model it runs.
    let isSessionStep: Bool
    /// Whether it has symbols read, so that its steps may be computed together with those of others.
    let joins: Bool
    /// Whether it opens a WebSocket instead of being answered.
    let opensSocket: Bool
    /// Finds the model where the path names none.
    let chooseModel: ModelChoice?
    let answer: Answering
    let document: RouteDocument
    /// The last word of a model's route, which names its metrics; empty for the others.
    let operation: String

    init(
        method: Method,
        template: String,
        summary: String,
        body: Body = .none,
        placement: Placement = .loop,
        access: AccessLevel = .clients,
        isRevalidated: Bool = false,
        query: [QueryKey] = [],
        forms: [AnswerForm] = [.json],
        needsModel: Bool = true,
        conventions: Conventions = .own,
        readsPriority: Bool = false,
        isSessionStep: Bool = false,
        joins: Bool = false,
        opensSocket: Bool = false,
        chooseModel: ModelChoice? = nil,
        document: RouteDocument = RouteDocument(),
        answer: @escaping Answering
    ) {
        (self.method, self.template, self.summary) = (method, template, summary)
        (self.body, self.placement, self.access) = (body, placement, access)
        (self.isRevalidated, self.query, self.forms) = (isRevalidated, query, forms)
        (self.needsModel, self.conventions) = (needsModel, conventions)
        (self.readsPriority, self.isSessionStep) = (readsPriority, isSessionStep)
        (self.joins, self.opensSocket, self.chooseModel) = (joins, opensSocket, chooseModel)
        (self.answer, self.document) = (answer, document)
        let isOfModel = template.hasPrefix("/models/{model}/") || placement == .queue
        let word = template.split { $0 == "/" || $0 == ":" }.last.map(String.init) ?? ""
        operation = isOfModel && !word.hasPrefix("{") ? word : ""
    }

    /// Whether a cache may keep the answer, and the client chose its form.
    var variesByAccept: Bool { isRevalidated && conventions == .own && forms.count > 1 }

    /// Bytes that a body may have.
    func bodyLimit(_ configuration: Configuration) -> Int {
        switch body {
        case .none: 0
        case .image, .tensors: configuration.imageBodyBytes
        case .sequence, .tree, .document: configuration.bodyBytes
        }
    }
}
