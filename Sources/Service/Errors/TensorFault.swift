/// A mistake in a request of tensors: what is wrong, what the model takes, and a request that it would take.
public struct TensorFault: Error, Equatable, Sendable {
    let sentence: String
    /// A name for programs.
    let code: String
    /// The input, output or key it is about.
    let field: String?
    let signature: String
    let example: String
}
