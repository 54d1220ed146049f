/// Draws the rows of a mosaic, some at a time, as numbers of colours.
struct MosaicDrawing: Sendable {
    let layout: MosaicLayout
    /// RGB, three bytes a colour: those of the colour map, the background, and what is not finite.
    let palette: [UInt8]
    private let mosaic: MapMosaic
    private let ranges: [ClosedRange<Float>]
    private let last: Float
    private let background: UInt8

    init(_ mosaic: MapMosaic) {
        self.mosaic = mosaic
        layout = MosaicLayout(mosaic)
        ranges = mosaic.ranges
        let colours = mosaic.colours
        palette = (colours.table + [colours.background, ColourMap.invalid]).flatMap { colour in
            (0..<3).map { colour[$0] }
        }
        last = Float(colours.colourCount - 1)
        background = UInt8(colours.colourCount)
    }

    /// The pixels of some rows, one row after the other.
    func rows(_ rows: Range<Int>) -> [UInt8] {
        var pixels = [UInt8](repeating: background, count: rows.count * layout.width)
        for map in maps(in: rows) {
            let (left, top) = layout.corner(of: map)
            let own = top..<top + mosaic.height * layout.scale
            guard own.overlaps(rows) else { continue }
            let first = (max(own.lowerBound, rows.lowerBound) - top) / layout.scale
            let end = (min(own.upperBound, rows.upperBound) - top + layout.scale - 1) / layout.scale
            for row in first..<end {
                let begin = top + row * layout.scale
                let lines = (begin..<begin + layout.scale).clamped(to: rows)
                let start = (lines.lowerBound - rows.lowerBound) * layout.width + left
                draw(row, of: map, at: start, on: &pixels)
                repeatLine(at: start, lines.count, on: &pixels)
            }
        }
        return pixels
    }

    /// The maps that may have pixels there; those whose places are given may be anywhere.
    private func maps(in rows: Range<Int>) -> Range<Int> {
        guard mosaic.places == nil else { return 0..<mosaic.count }
        let pitch = mosaic.height * layout.scale + layout.gap
        let first = rows.lowerBound / pitch * layout.columns
        let end = (rows.upperBound / pitch + 1) * layout.columns
        return min(first, mosaic.count)..<min(end, mosaic.count)
    }

    /// No branch and no checked conversion, so that the loop becomes one of vectors: 1 + x / 256 has x's whole part in the
    /// first eight bits of its fraction.
    private func draw(_ row: Int, of map: Int, at start: Int, on indices: inout [UInt8]) {
        let (width, scale, last) = (mosaic.width, layout.scale, last)
        let range = ranges[map]
        // In halves, so that the difference of huge ends stays finite.
        let span = range.upperBound / 2 - range.lowerBound / 2
        // A smaller span is noise, and last / span could be infinite.
        let factor = span > 0x1p-110 ? last / span : 0
        let middle = range.lowerBound / 2
        let invalid = background + 1
        let first = (map * mosaic.height + row) * width
        let values = mosaic.maps.span.extracting(first..<first + width)
        var pixels = indices.mutableSpan
        for column in 0..<width {
            let value = values[column]
            let position = (value / 2 - middle) * factor + 0.5
            let share = 1 + min(max(position, 0), last) * 0x1p-8
            let index = UInt8(truncatingIfNeeded: share.bitPattern >> 15)
            pixels[start + column] = value.isFinite ? index : invalid
        }
        guard scale > 1 else { return }
        // Each so many times, from the last one on.
        for column in stride(from: width - 1, through: 0, by: -1) {
            let index = pixels[start + column]
            for pixel in 0..<scale { pixels[start + column * scale + pixel] = index }
        }
    }

    private func repeatLine(at start: Int, _ count: Int, on indices: inout [UInt8]) {
        let length = mosaic.width * layout.scale
        var pixels = indices.mutableSpan
        for copy in 1..<max(count, 1) {
            let target = start + copy * layout.width
            for pixel in 0..<length { pixels[target + pixel] = pixels[start + pixel] }
        }
    }
}
