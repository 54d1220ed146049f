import Graph

/// What a model is asked in tensors, whatever protocol the request came by.
struct TensorRequest: Sendable {
    var inputs: [String: Tensor] = [:]
    /// Names of outputs, or of any layers; nil asks for the model's outputs.
    var outputs: [String]?
    /// The server-held sequence this request continues.
    var sequence: SequencePlace?
}

/// A request's place in a sequence that the server remembers (the sequence extension).
struct SequencePlace: Sendable, Equatable {
    let id: String
    var starts = false
    var ends = false
}
