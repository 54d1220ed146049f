extension ModelTask {
    /// States are the answer: of a system that runs by itself, or is driven by symbols.
    public static let dynamicalSystem = ModelTask(
        "dynamical-system",
        .steps,
        operations: ["encode"]
    )
}
