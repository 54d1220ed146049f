import Graph
import HTTP
import Images
import TensorFormats

extension ServiceError {
    /// The status of the answer.
    var status: Status {
        switch self {
        case .http(let error): error.status
        case .contentCoding(let error): error.status
        case .unknownRoute, .unknownModel, .unknownExample, .unknownVersion: .notFound
        case .modelNotServed(_, _, let isLoading): isLoading ? .serviceUnavailable : .notFound
        case .repositoryLocked: .forbidden
        case .session(_, let fault): fault.status(isSequence: false)
        case .sequence(_, let fault): fault.status(isSequence: true)
        case .webSocket(let refusal): refusal.status
        case .methodNotAllowed: .methodNotAllowed
        case .notAcceptable: .notAcceptable
        case .unsupportedMedia: .unsupportedMediaType
        case .sequenceTooLong, .picturesTooLarge, .answerTooLarge, .answerTooLong:
            .contentTooLarge
        case .image(let error, _): error.status
        case .model(let error): error.status
        case .nonFiniteResult: .internalServerError
        case .starting, .ending, .computedTooLong: .serviceUnavailable
        case .unauthorized: .unauthorized
        case .forbidden, .foreignOrigin: .forbidden
        case .unknownHost: .misdirectedRequest
        case .overloaded, .tooManyRequests, .tooManyConcurrentRequests: .tooManyRequests
        case .deadlineUnreachable, .deadlineExceeded: .gatewayTimeout
        case .clientGone: .clientClosedRequest
        case .npy(let error): error.status
        case .csv(.tooManyValues): .contentTooLarge
        case .invalidHeader, .unknownQueryKey, .repeatedQueryKey, .unknownField, .missingField,
            .invalidValue, .unwantedField, .emptyBody, .json, .csv, .base64, .multipart, .shape,
            .vocabulary,
            .emptySequence, .invalidText, .wrongTask, .loadFailed, .tensor:
            .badRequest
        }
    }

    /// A name for programs, which stays the same when the sentence changes.
    var code: String {
        switch self {
        case .http(let error): error.code
        case .contentCoding(let error): error.code
        case .unknownRoute: "unknown_route"
        case .webSocket: "websocket_required"
        case .methodNotAllowed: "method_not_allowed"
        case .invalidHeader: "invalid_header"
        case .notAcceptable: "not_acceptable"
        case .unsupportedMedia: "unsupported_media_type"
        case .unknownQueryKey: "unknown_query_key"
        case .repeatedQueryKey: "repeated_query_key"
        case .unknownField: "unknown_field"
        case .missingField: "missing_field"
        case .invalidValue, .unwantedField: "invalid_value"
        case .emptyBody: "empty_body"
        case .json(let error): error.code
        case .npy: "invalid_npy"
        case .csv: "invalid_csv"
        case .base64: "invalid_base64"
        case .multipart: "invalid_multipart"
        case .image(let error, _): error.code
        case .shape: "wrong_shape"
        case .vocabulary: "unknown_symbol"
        case .emptySequence: "empty_sequence"
        case .sequenceTooLong: "sequence_too_long"
        case .picturesTooLarge: "pictures_too_large"
        case .answerTooLarge, .answerTooLong: "answer_too_large"
        case .invalidText: "invalid_text"
        case .unknownModel: "unknown_model"
        case .unknownExample: "unknown_example"
        case .unknownVersion: "unknown_version"
        case .modelNotServed(_, _, let isLoading): isLoading ? "model_loading" : "model_not_served"
        case .loadFailed: "load_failed"
        case .tensor(let fault): fault.code
        case .session(_, let fault): fault.code(isSequence: false)
        case .sequence(_, let fault): fault.code(isSequence: true)
        case .repositoryLocked: "repository_locked"
        case .wrongTask: "wrong_task"
        case .model(let error): error.code
        case .nonFiniteResult: "non_finite_result"
        case .starting: "starting"
        case .ending: "shutting_down"
        case .unauthorized: "unauthorized"
        case .forbidden: "forbidden"
        case .unknownHost: "unknown_host"
        case .foreignOrigin: "foreign_origin"
        case .tooManyRequests: "rate_limited"
        case .tooManyConcurrentRequests: "too_many_concurrent_requests"
        case .overloaded: "overloaded"
        case .deadlineUnreachable, .deadlineExceeded: "deadline_exceeded"
        case .computedTooLong: "compute_time_exceeded"
        case .clientGone: "client_gone"
        }
    }
}

extension ImageError {
    fileprivate var status: Status {
        switch self {
        case .empty: .badRequest
        case .notAnImage, .unsupported: .unsupportedMediaType
        case .tooLarge, .tooLargeToKeep: .contentTooLarge
        case .truncated, .corrupt: .unprocessableContent
        case .outOfMemory: .serviceUnavailable
        case .cancelled: .gatewayTimeout
        }
    }

    fileprivate var code: String {
        switch self {
        case .empty: "empty_body"
        case .notAnImage: "not_an_image"
        case .unsupported: "unsupported_image"
        case .tooLarge, .tooLargeToKeep: "image_too_large"
        case .truncated, .corrupt: "image_undecodable"
        case .outOfMemory: "out_of_memory"
        case .cancelled: "deadline_exceeded"
        }
    }
}

extension NPYError {
    fileprivate var status: Status {
        switch self {
        case .tooManyValues: .contentTooLarge
        default: .badRequest
        }
    }
}

extension JSONError {
    fileprivate var code: String {
        switch self {
        case .syntax, .invalidNumber, .invalidString, .tooDeep, .trailingBytes, .notFinite:
            "invalid_json"
        case .typeMismatch, .numberOutOfRange, .invalid: "invalid_value"
        case .duplicateKey: "duplicate_key"
        case .unknownKey: "unknown_field"
        case .missingKey: "missing_field"
        case .ragged, .tooManyValues: "wrong_shape"
        case .nonFinite: "non_finite_result"
        }
    }
}

extension ModelError {
    fileprivate var status: Status {
        switch self {
        case .unknownLayer, .unknownInput, .missingInput, .inputType, .shape, .inputShape,
            .tokenOutOfRange, .indexOutOfRange, .wrongTask, .notStreamable:
            .badRequest
        case .tooLarge, .sequenceTooLong: .contentTooLarge
        case .cancelled: .gatewayTimeout
        case .outOfMemory: .serviceUnavailable
        case .file, .invalidManifest, .unknownField, .invalidWeights, .unsupportedOperator,
            .several,
            .invalidAttribute,
            .nonFinite, .checkFailed:
            .internalServerError
        }
    }

    var code: String {
        switch self {
        case .unknownLayer: "unknown_layer"
        case .unknownInput: "unknown_input"
        case .missingInput: "missing_input"
        case .inputType: "wrong_type"
        case .shape, .inputShape: "wrong_shape"
        case .tokenOutOfRange: "token_out_of_range"
        case .indexOutOfRange: "index_out_of_range"
        case .tooLarge: "too_large"
        case .outOfMemory: "out_of_memory"
        case .wrongTask: "wrong_task"
        case .notStreamable: "not_streamable"
        case .sequenceTooLong: "sequence_too_long"
        case .cancelled: "deadline_exceeded"
        case .nonFinite: "non_finite_result"
        case .file, .invalidManifest, .unknownField, .invalidWeights, .unsupportedOperator,
            .several,
            .invalidAttribute,
            .checkFailed:
            "model_error"
        }
    }
}
