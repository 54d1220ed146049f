extension ModelTask {
    /// Symbols to the distribution of the next one.
    public static let nextSymbol = ModelTask(
        "next-symbol",
        .steps,
        operations: ["next", "score", "generate", "encode", "kernels", "explain"],
        withoutOutputs: ["encode", "kernels"],
        readsForward: true
    )
}
