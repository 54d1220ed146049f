extension ModelTask {
    /// A picture to labels with probabilities.
    public static let imageClassification = ModelTask(
        "image-classification",
        .pictures,
        operations: ["classify", "features", "preview", "kernels", "explain"]
    )
}
