import Graph

/// What a model is asked in tensors, whatever protocol the request came by.
struct TensorRequest: Sendable {
    var inputs: [String: Tensor] = [:]
    /// Names of outputs, or of any layers; nil asks for the model's outputs.
    var outputs: [String]?
    /// The server-held sequence this request continues.
    var sequence: SequenceStep?
}
