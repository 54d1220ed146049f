/// One operation of a plan, cut along output channels, rows or units into independent chunks.
public struct Step: Sendable {
    /// What the step computes, for profiles and error messages.
    public let name: String

    /// Fixed by the shapes alone, never by the number of workers.
    public let chunks: Int

    /// Computes one chunk in the arena of the pass.
    ///
    /// A chunk's bits depend on nothing but its inputs.
    public let run: @Sendable (_ arena: PassArena, _ chunk: Int) -> Void

    public init(
        name: String,
        chunks: Int,
        run: @escaping @Sendable (_ arena: PassArena, _ chunk: Int) -> Void
    ) {
        self.name = name
        self.chunks = chunks
        self.run = run
    }
}
