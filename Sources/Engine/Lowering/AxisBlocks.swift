import Compute
import Graph

/// A row-major shape around one axis, or some that lie side by side: blocks [count][inner], `outer` of them.
struct AxisBlocks: Sendable {
    let outer: Int
    let count: Int
    let inner: Int
    private let columns: Stretches
    private let groups: Stretches

    init(outer: Int, count: Int, inner: Int) {
        (self.outer, self.count, self.inner) = (outer, count, inner)
        columns = Stretches(inner, least: max(256, 16384 / max(1, count)))
        // Small blocks are not worth a chunk of their own.
        groups = Stretches(outer, least: 16384 / max(1, count * inner), unit: 1)
    }

    init(_ shape: Shape, axis: Int) {
        self.init(
            outer: shape.dimensions[..<axis].reduce(1, *),
            count: shape[axis],
            inner: shape.dimensions[(axis + 1)...].reduce(1, *)
        )
    }

    /// Elements of a block.
    var size: Int { count * inner }

    var chunks: Int { groups.chunks * columns.chunks }

    /// The blocks of a chunk.
    func blocks(ofChunk chunk: Int) -> Range<Int> { groups[chunk / columns.chunks] }

    /// Calls `body` with the blocks of a chunk and their columns.
    @inline(__always)
    func forEach(in chunk: Int, _ body: (_ block: Int, _ columns: Range<Int>) -> Void) {
        let part = columns[chunk % columns.chunks]
        for block in groups[chunk / columns.chunks] { body(block, part) }
    }
}
