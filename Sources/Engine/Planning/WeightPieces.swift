import Compute
import Graph

extension StoredFloats {
    /// Numbers of a piece: few beside what a layer becomes, and in the cache until they are packed.
    private static let pieceSize = 1 << 16

    /// Reads a matrix [rows][…] some rows at a time, whole multiples of `step` but for the last.
    ///
    /// Of `parts` such matrices, one after the other, each piece has the same rows, again one after the other.
    func forEachPiece(
        rows: Int,
        of parts: Int = 1,
        step: Int = 1,
        _ body: (_ rows: Range<Int>, _ numbers: [Float]) throws(ModelError) -> Void
    ) throws(ModelError) {
        guard rows > 0, count > 0 else { return }
        let source = isDivisible ? self : StoredFloats(try read())
        let width = count / (rows * parts)
        let several = max(1, Self.pieceSize / max(1, width * parts * step)) * step
        for first in stride(from: 0, to: rows, by: several) {
            let piece = first..<min(first + several, rows)
            var numbers: [Float] = []
            for part in 0..<parts {
                let start = (part * rows + first) * width
                let read = try source.read(start..<start + piece.count * width)
                if parts == 1 { numbers = read } else { numbers += read }
            }
            try body(piece, numbers)
            giveWay()
        }
    }
}
