extension ModelTask {
    /// Symbols to labels with probabilities.
    public static let sequenceClassification = ModelTask(
        "sequence-classification",
        .symbols,
        operations: ["classify", "encode", "kernels", "explain"],
        hasLabels: true
    )
}
