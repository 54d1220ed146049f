extension ModelTask {
    /// Numbers over time to labels with probabilities.
    public static let seriesClassification = ModelTask(
        "series-classification",
        .series,
        operations: ["classify", "features", "kernels", "explain"],
        hasLabels: true
    )
}
