import Compute

extension PlanBuilder {
    /// What a block step runs: a block of channels of one image, whose first elements are given.
    typealias BlockBody =
        @Sendable (
            _ input: FloatPosition, _ output: FloatPosition, _ block: Int
        ) -> Void

    /// Adds a step from one value to another with a chunk for every block of channels of every image.
    mutating func blockStep(
        _ name: String,
        images: Int,
        blocks: Int,
        readsAcross: Bool = false,
        from source: ValueID,
        to target: ValueID,
        bind: @escaping (_ from: Place, _ to: Place) -> BlockBody
    ) {
        step(
            name,
            chunks: images * blocks,
            reads: [source],
            writes: [target],
            planes: PlaneChunks(images: images, blocks: blocks, readsAcross: readsAcross)
        ) { placement in
            let (from, to) = (placement[source], placement[target])
            let run = bind(from, to)
            return { arena, chunk in
                let image = chunk / blocks
                run(
                    from.position(in: arena) + image * from.image,
                    to.position(in: arena) + image * to.image,
                    chunk % blocks
                )
            }
        }
    }
}
