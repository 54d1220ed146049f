import Graph
import HTTP
import Images
import TensorFormats
import Texts

/// The errors of a route as OpenAPI describes them: each status with its stable codes.
enum OpenAPIErrors {
    static let schema = Schema.object(
        "Error",
        [
            ("error", ["type": "string", "description": "One sentence to act on."]),
            ("code", ["type": "string", "description": "Stable, in snake_case."]),
            ("request_id", Schema.string), ("field", Schema.string),
            ("expected", Schema.string), ("got", Schema.string),
        ],
        required: ["error", "code", "request_id"]
    )

    /// A response for each status that errors of the route may have.
    static func responses(of route: Route) -> [(String, JSON)] {
        var codes: [Int: [String]] = [:]
        for error in errors(of: route) {
            let known = codes[error.status.code] ?? []
            if !known.contains(error.code) { codes[error.status.code] = known + [error.code] }
        }
        return codes.sorted { $0.key < $1.key }.map { status, codes in
            let quotes = codes.map { "`\($0)`" }
            return (
                String(status),
                [
                    "description": .string("An error: \(listed(quotes, "or"))."),
                    "content": [
                        "application/json": ["schema": ["$ref": "#/components/schemas/Error"]]
                    ],
                ]
            )
        }
    }

    /// One of each kind that may be; what they say does not matter.
    private static func errors(of route: Route) -> [ServiceError] {
        var errors: [ServiceError] = [.starting, .ending]
        if route.access != .everyone {
            errors += [
                .unauthorized(isKeyGiven: true), .unknownHost("", isLoopbackOnly: true),
                .tooManyRequests(perSecond: 1, retryAfterSeconds: 1),
                .tooManyConcurrentRequests(limit: 1),
            ]
        }
        if route.access == .administrators {
            errors += [.forbidden(reason: ""), .repositoryLocked]
        }
        if route.conventions == .own {
            errors += [.unknownQueryKey("", known: []), .repeatedQueryKey("")]
            if !route.query.isEmpty {
                errors.append(.invalidValue(field: "", expected: "", got: ""))
            }
            if !route.forms.isEmpty {
                errors += [
                    .notAcceptable(accept: "", available: []),
                    .invalidHeader(name: "", expected: "", got: ""),
                ]
            }
        }
        let namesModel =
            route.template.contains("{model}")
            || route.template == "/sessions" && route.body != .none
        if namesModel {
            errors += [
                .unknownModel("", available: []),
                .modelNotServed(model: "", reason: "", isLoading: true),
                .modelNotServed(model: "", reason: "", isLoading: false),
            ]
        }
        if route.template.contains("{version}") || namesModel && route.body == .document {
            errors.append(.unknownVersion(model: "", version: "", available: []))
        }
        if route.template.contains("{example}") {
            errors.append(.unknownExample("", model: "", available: []))
        }
        if route.placement == .queue {
            errors += [
                .overloaded(waitingMilliseconds: 1, retryAfterSeconds: 1),
                .deadlineExceeded(milliseconds: 1), .computedTooLong(seconds: 1),
                .wrongTask(model: "", operation: "", offered: [], advice: ""),
                .answerTooLarge(limit: 1, got: 2), .model(.outOfMemory(bytes: 1)),
                .nonFiniteResult(output: "", index: 0),
            ]
        }
        if route.opensSocket { errors += [.webSocket(.notAsked), .webSocket(.key)] }
        return errors + sessionFaults(of: route).map { .session("", $0) } + bodyErrors(of: route)
    }

    private static func sessionFaults(of route: Route) -> [SessionFault] {
        let none = SessionFault.withoutStates(model: "", layer: nil)
        let given: [SessionFault] = [
            none, .invalidState(reason: ""), .stateOfOtherModel(model: "", reason: ""),
        ]
        if route.opensSocket { return [none] }
        guard route.template.hasPrefix("/sessions") else {
            return route.body == .sequence ? given : []
        }
        var faults: [SessionFault] = [.storeFault(reason: "")]
        if route.template.contains("{session}") {
            faults += [.unknown, .expired(isModelGone: false, ttl: 1, ago: 2)]
        }
        if route.isSessionStep { faults += [.busy, .position(current: 1, asked: 2)] }
        if route.document.success == .created {
            faults += [.taken, .noRoom(held: 0, all: 0, limit: 0)]
        }
        return route.body == .document ? faults + given : faults
    }

    private static func bodyErrors(of route: Route) -> [ServiceError] {
        guard route.body != .none else { return [] }
        let place = JSONPosition(offset: 0, line: 1, column: 1)
        var errors: [ServiceError] = [
            .http(.bodyTooLarge(limit: 1)), .emptyBody(expected: ""),
            .json(.syntax(expected: "", got: "", at: place)),
            .json(.duplicateKey("", at: place)), .unsupportedMedia(got: "", expected: ""),
            .unknownField("", known: []), .missingField("", expected: ""),
            .invalidValue(field: "", expected: "", got: ""),
        ]
        switch route.body {
        case .image:
            errors += [
                .image(.notAnImage(firstBytes: []), part: nil), .image(.truncated(.png), part: nil),
                .picturesTooLarge(limit: 1), .shape(field: "", expected: "", got: ""),
            ]
        case .sequence, .tree:
            errors += [
                .sequenceTooLong(limit: 1, got: 2), .emptySequence(field: "", atLeast: 1),
                .invalidText(field: ""),
            ]
        case .tensors:
            errors += [
                .shape(field: "", expected: "", got: ""),
                .sequence("", .unknown), .sequence("", .busy),
                .session("", .noRoom(held: 0, all: 0, limit: 0)),
            ]
        case .none, .document: break
        }
        return errors
    }
}
