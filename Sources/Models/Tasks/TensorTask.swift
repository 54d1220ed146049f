extension ModelTask {
    /// Any tensors in, any tensors out: the routes of other protocols answer.
    public static let tensors = ModelTask("tensors", .tensors, operations: [])
}
