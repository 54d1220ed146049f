import Compute
import Graph

/// Sizes of a look-up: one row of `vectors` · 16 floats for each of `depth` symbols.
struct TableShape: Sendable {
    /// Indices that are looked up.
    let positions: Int
    let depth: Int
    let vectors: Int
}

extension PlanBuilder {
    /// Adds the step that copies the row of each index of `input` to `product`, a value of points.
    mutating func lookUpStep(
        _ name: String,
        _ input: ValueID,
        to product: ValueID,
        _ shape: TableShape,
        key: String,
        pack: @escaping @Sendable () throws(ModelError) -> PackedLayer
    ) {
        let store = weights
        // Vector by vector: what is written lies together, the table is small enough to be read in any order.
        // A chunk copies a thousand vectors or more: few positions are not worth handing over.
        let useful = (1024 + shape.positions - 1) / max(1, shape.positions)
        let width = max(8, (shape.vectors + 7) / 8, min(useful, shape.vectors))
        let chunks = (shape.vectors + width - 1) / width
        step(name, chunks: chunks, reads: [input], writes: [product]) {
            (placement) throws(ModelError) in
            let table = try store.layer(key, pack: pack).weights
            let (from, to) = (placement[input], placement[product])
            return { arena, chunk in
                let tokens = from.position(in: arena).bytes
                let output = to.position(in: arena)
                for vector in chunk * width..<min((chunk + 1) * width, shape.vectors) {
                    let target = output + vector * to.plane
                    for index in 0..<shape.positions {
                        // Tokens are checked before they reach a plan; clamping keeps any other inside.
                        let given = wrapped(tokens[integer: index], shape.depth)
                        let token = min(max(given, 0), shape.depth - 1)
                        let row = token * shape.vectors + vector
                        (target + index * 16).copy(from: table.start + row * 16, count: 16)
                    }
                }
            }
        }
    }
}
