extension ModelTask {
    /// A picture to the maps and vectors of a network's layers.
    public static let imageFeatures = ModelTask(
        "image-features",
        .pictures,
        operations: ["features", "preview", "kernels"]
    )
}
