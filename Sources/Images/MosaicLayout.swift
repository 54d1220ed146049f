/// Where the maps of a mosaic go.
struct MosaicLayout {
    let columns: Int
    let rows: Int
    /// Each value becomes a square of this side.
    let scale: Int
    /// Pixels around and between groups of maps.
    let gap: Int
    /// Pixels between the maps of a group.
    let innerGap: Int
    private let group: Int
    private let places: [Int]?
    private let tile: (width: Int, height: Int)
    let width: Int
    let height: Int

    init(_ mosaic: MapMosaic) {
        let cells = mosaic.places.map { ($0.max() ?? 0) + 1 } ?? mosaic.count
        let columns = min(
            cells,
            mosaic.columns
                ?? Self.columns(for: mosaic.count, width: mosaic.width, height: mosaic.height)
        )
        let rows = (cells + columns - 1) / columns
        // Neither side is enlarged beyond the wanted size; one big square is nothing to look at.
        let longest = max(columns * mosaic.width, rows * mosaic.height)
        let scale = min(max(1, mosaic.wantedSize / longest), 64)
        // Wide enough to tell a gap from a row of large squares.
        let innerGap = min(max(2, scale / 4), 6)
        // Twice as wide again, so that a group is seen to belong together.
        let gap = mosaic.group > 1 ? 3 * innerGap : innerGap
        let groups = (columns + mosaic.group - 1) / mosaic.group
        self.columns = columns
        self.rows = rows
        self.scale = scale
        self.gap = gap
        self.innerGap = innerGap
        (group, places) = (mosaic.group, mosaic.places)
        tile = (mosaic.width * scale, mosaic.height * scale)
        width = columns * tile.width + (columns - groups) * innerGap + (groups + 1) * gap
        height = rows * (mosaic.height * scale + gap) + gap
    }

    /// The first pixel of a map.
    func corner(of map: Int) -> (left: Int, top: Int) {
        let place = places?[map] ?? map
        let (row, column) = (place / columns, place % columns)
        let outer = column / group
        let left = column * tile.width + (column - outer) * innerGap + (outer + 1) * gap
        return (left, row * (tile.height + gap) + gap)
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
