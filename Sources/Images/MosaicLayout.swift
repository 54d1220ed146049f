/// Where the maps of a mosaic go.
struct MosaicLayout: Equatable {
    /// The width, in pixels, that small maps are enlarged towards.
    static let wantedWidth = 1000

    let columns: Int
    let rows: Int
    /// Each value becomes a square of this side.
    let scale: Int
    /// Pixels around and between maps.
    let gap: Int
    let width: Int
    let height: Int

    init(_ mosaic: MapMosaic) {
        let columns = min(
            mosaic.count,
            mosaic.columns
                ?? Self.columns(for: mosaic.count, width: mosaic.width, height: mosaic.height)
        )
        let rows = (mosaic.count + columns - 1) / columns
        // Neither side is enlarged beyond the wanted width; one big square is nothing to look at.
        let longest = max(columns * mosaic.width, rows * mosaic.height)
        let scale = min(max(1, Self.wantedWidth / longest), 64)
        // Wide enough to tell a gap from a row of large squares.
        let gap = min(max(2, scale / 4), 6)
        self.columns = columns
        self.rows = rows
        self.scale = scale
        self.gap = gap
        width = columns * (mosaic.width * scale + gap) + gap
        height = rows * (mosaic.height * scale + gap) + gap
    }

    /// A picture about half as wide again as high, with few empty places in the last row.
    private static func columns(for count: Int, width: Int, height: Int) -> Int {
        let ideal = (Double(count) * 1.5 * Double(height) / Double(width)).squareRoot()
        let candidates = max(1, Int(ideal * 0.8))...max(1, Int((ideal * 1.35).rounded(.up)))
        let best = candidates.min { cost($0, ideal, count) < cost($1, ideal, count) }
        return min(best ?? 1, count)
    }

    private static func cost(_ columns: Int, _ ideal: Double, _ count: Int) -> Double {
        let places = (count + columns - 1) / columns * columns
        let empty = Double(places - count) / Double(places)
        return empty * 2 + (Double(columns) / ideal - 1).magnitude
    }
}
