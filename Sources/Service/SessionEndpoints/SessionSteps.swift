import Graph
import HTTP
import Models
import TensorFormats

/// `POST /sessions/{id}/step` and `/generate`: a session's model goes on from where the session stands.
enum SessionSteps {
    static let routes = [step, generate]

    static let position = QueryKey(
        name: "position",
        kind: .integer(0...Int(Int32.max)),
        summary:
            "Where the step is to begin, as \"position\" in a JSON body: a step sent again is answered again."
    )

    static let step = Route(
        method: .post,
        template: "/sessions/{session}/step",
        summary: """
            The next symbols, steps, rows or tensors of a session; answers what the model's first route does, with the \
            position.
            """,
        body: .tensors,
        placement: .queue,
        query: [
            QueryKey(
                name: "top",
                kind: .integer(1...1_000_000),
                summary: "How many symbols or labels, the likeliest first; 5 unless given."
            ),
            QueryKey(name: "all", kind: .flag, summary: "true: an answer for each step."),
            QueryKey(
                name: "outputs",
                kind: .text,
                summary:
                    "Names of outputs or layers, separated by commas: of tensors, those wanted; else one layer."
            ),
            position,
        ],
        forms: [.json, .npy, .csv],
        needsModel: false,
        isSessionStep: true,
        joins: true,
        document: RouteDocument(
            request: Schema.object("SessionStep"),
            requestExample: ["text": "In the "],
            answer: Schema.object(
                "SteppedSession",
                [("position", Schema.integer), ("expires_at", Schema.string)]
            ),
            answerExample: [
                "model": "scripture", "version": "2",
                "next": [["symbol": "l", "index": 37, "probability": .number(0.2)]],
                "position": 7, "expires_at": "2027-01-01T12:00:00Z",
            ]
        ),
        answer: { (call) throws(ServiceError) in
            if let again = try call.answerBefore() { return again }
            return try advance(&call)
        }
    )

    private static let generate = Route(
        method: .post,
        template: "/sessions/{session}/generate",
        summary:
            "Symbols drawn from where the session stands; the text in the body, if any, is read before.",
        body: .sequence,
        placement: .queue,
        query: [position],
        forms: [.json, .eventStream],
        needsModel: false,
        isSessionStep: true,
        joins: true,
        document: Generate.document,
        answer: { (call) throws(ServiceError) in
            if let again = try call.answerBefore() { return again }
            return try Generate.answer(&call)
        }
    )

    /// What the model is for.
    private static func advance(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        if let names = try call.names("outputs"), model.manifest.input.symbolCount != nil {
            guard names.count == 1 else {
                throw .invalidValue(
                    field: "outputs",
                    expected: "one layer",
                    got: "\(names.count) names"
                )
            }
            return try Encode.answer(&call, layer: names[0])
        }
        return switch model.manifest.operations.first {
        case "next": try Next.answer(&call)
        case "classify": try Classify.answer(&call)
        case "encode": try Encode.answer(&call)
        default: try Infer.answer(&call)
        }
    }
}

extension Call {
    /// The answer that this very step of the session got before, if its client says where it begins.
    fileprivate func answerBefore() throws(ServiceError) -> Answer? {
        guard let session, let position = try statedPosition() else { return nil }
        do throws(SessionFault) {
            let sent = SHA256Digest.bytes(of: identity)
            guard let kept = try session.begin(at: position, sent) else { return nil }
            return Answer(contentType: kept.contentType, body: kept.body, headers: kept.headers)
        } catch {
            throw .session(session.name.id, error)
        }
    }

    /// Everything that makes a step what it is: the same again is the same step.
    private var identity: [UInt8] {
        let fields = ["Content-Type", "Accept", "Inference-Header-Content-Length"].map {
            request.header($0) ?? ""
        }
        let query = request.query.map { "\($0.name)=\($0.value)" }
        let head = ([route.template] + fields + query).joined(separator: "\u{0}")
        return Array(head.utf8) + [0] + request.body.copy(0..<request.body.count)
    }

    /// The "position" of the query, of a JSON body, or of its "parameters".
    private func statedPosition() throws(ServiceError) -> Int? {
        if let position = try integer("position", in: 0...Int(Int32.max)) { return position }
        guard request.body.count > 0, case .json = BodyKind(request) else { return nil }
        let length = try jsonLength() ?? request.body.count
        var reader = JSONReader(request.body.copy(0..<length))
        reader.allowsNonFinite = true
        var position: Int?
        // A body that is no JSON is reported by whoever reads it whole.
        do throws(JSONError) {
            try reader.object { (key, reader) throws(JSONError) in
                switch key {
                case "position": position = try reader.integer()
                case "parameters" where try reader.peek() == .object:
                    try reader.object { (key, reader) throws(JSONError) in
                        if key == "position" { position = try reader.integer() }
                    }
                default: break
                }
            }
        } catch {
            return nil
        }
        return position
    }
}
