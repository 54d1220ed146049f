import Compute
import KernelInterface

/// How products of matrices are cut into chunks, by their sizes alone: several small ones to a chunk, or parts of a large one.
struct ProductCut: Sendable {
    let chunks: Int

    /// Columns that are packed at once.
    let packedWidth: Int

    private let matrices: Int
    /// Of a chunk; 1 if matrices are cut.
    private let matricesPerChunk: Int
    private let rows: Int
    private let columns: Int
    private let parts: (rows: Int, columns: Int)
    private let panel: Int

    /// Multiply–adds that are worth handing over.
    private static let least = 1 << 18

    /// Chunks beyond which more of them would only cost.
    private static let most = 16

    /// Floats of the left matrix that stay in a second-level cache while the right one's panels go by.
    private static let cached = 1 << 17

    init(_ matrices: Int, _ geometry: ProductGeometry, panel: Int) {
        (self.matrices, self.panel) = (matrices, panel)
        (rows, columns) = (geometry.rows, geometry.columns)
        packedWidth = min(panel, (columns + 15) / 16 * 16)
        let work = max(1, rows * geometry.inner * columns)
        guard work >= 2 * Self.least else {
            matricesPerChunk = max(1, Self.least / work)
            parts = (1, 1)
            chunks = (matrices + matricesPerChunk - 1) / matricesPerChunk
            return
        }
        matricesPerChunk = 1
        let wanted = min(work / Self.least, (Self.most + matrices - 1) / max(matrices, 1))
        // Every part of the rows packs the panels anew: it has to be worth that.
        let large = (rows * geometry.inner + Self.cached - 1) / Self.cached
        let byRows = max(1, min(rows / 96, large))
        let byColumns = max(1, min((columns + panel - 1) / panel, (wanted + byRows - 1) / byRows))
        let more = (wanted + byColumns - 1) / byColumns
        parts = (max(byRows, min(rows / 96, more)), byColumns)
        chunks = matrices * parts.rows * parts.columns
    }

    /// Calls `body` with the number of each matrix of a chunk and the part of it to compute.
    @inline(__always)
    func forEach(in chunk: Int, _ body: (_ matrix: Int, _ part: ProductPart) -> Void) {
        let perMatrix = parts.rows * parts.columns
        guard perMatrix > 1 else {
            let first = chunk * matricesPerChunk
            for matrix in first..<min(first + matricesPerChunk, matrices) {
                body(matrix, ProductPart(rows: 0..<rows, columns: 0..<columns))
            }
            return
        }
        let (matrix, part) = (chunk / perMatrix, chunk % perMatrix)
        let (row, column) = (part / parts.columns, part % parts.columns)
        let panels = (columns + panel - 1) / panel
        let first = panels * column / parts.columns * panel
        let end = min(panels * (column + 1) / parts.columns * panel, columns)
        let range = rows * row / parts.rows..<rows * (row + 1) / parts.rows
        body(matrix, ProductPart(rows: range, columns: first..<end))
    }
}
