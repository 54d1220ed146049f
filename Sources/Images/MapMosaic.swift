/// Feature maps or kernels laid out as one picture.
public struct MapMosaic: Sendable {
    /// Which values get the first and the last colour.
    public enum Normalisation: String, Sendable, CaseIterable {
        /// Each map runs from its own minimum to its own maximum.
        case perMap
        /// All maps share one minimum and maximum.
        case shared
        /// From -m to m with m the largest magnitude of all maps: zero is the middle.
        case symmetric
        /// The same with each map's own largest magnitude.
        case symmetricPerMap
        /// The same with the largest magnitude of each row of maps.
        case symmetricPerRow
    }

    /// The values, [count, height, width].
    public let maps: [Float]
    public let count: Int
    public let height: Int
    public let width: Int
    /// Maps in a row; nil chooses a picture that is a little wider than high.
    public var columns: Int?
    /// Where each map stands, counted along the rows of `columns`, so that places may be left empty; nil: one after the other.
    public var places: [Int]?
    /// Neighbours in a row that belong together and stand closer; `columns` is then a multiple of it.
    public var group = 1
    /// The side, in pixels, that small maps are enlarged towards.
    public var wantedSize = 1000
    public var normalisation: Normalisation
    public var colours: ColourMap

    /// Takes `count` maps of `height` by `width` values, each at least 1.
    public init(
        maps: Span<Float>,
        count: Int,
        height: Int,
        width: Int,
        columns: Int? = nil,
        normalisation: Normalisation = .perMap,
        colours: ColourMap = .viridis
    ) {
        precondition(count > 0 && height > 0 && width > 0 && columns ?? 1 > 0)
        precondition(maps.count == count * height * width)
        // SAFETY: the pointer does not leave the closure.
        self.maps = unsafe maps.withUnsafeBufferPointer { unsafe Array($0) }
        self.count = count
        self.height = height
        self.width = width
        self.columns = columns
        self.normalisation = normalisation
        self.colours = colours
    }

    /// What the colours mean, in one line fit for a response header.
    public var legend: String {
        let range =
            switch effectiveNormalisation {
            case .perMap:
                "each map normalised to its own minimum..maximum"
            case .shared:
                ranges.first.map { "all maps from \($0.lowerBound) to \($0.upperBound)" } ?? ""
            case .symmetric:
                ranges.first.map { "from \($0.lowerBound) to \($0.upperBound), 0 in the middle" }
                    ?? ""
            case .symmetricPerMap:
                "each map to its own largest magnitude, 0 in the middle"
            case .symmetricPerRow:
                "each row to its own largest magnitude, 0 in the middle"
            }
        let layout = MosaicLayout(self)
        return "\(colours.rawValue); \(range); \(count) maps of \(width)x\(height) in "
            + "\(layout.columns) columns, enlarged \(layout.scale) times"
    }

    /// The finished picture, RGB.
    public func render() -> Image {
        let (picture, layout) = indexed
        let palette = picture.colours
        var samples = [UInt8](repeating: 0, count: 3 * picture.indices.count)
        for (pixel, index) in picture.indices.enumerated() {
            for channel in 0..<3 {
                samples[3 * pixel + channel] = palette[3 * Int(index) + channel]
            }
        }
        return Image(width: layout.width, height: layout.height, channels: 3, samples: samples)
    }

    /// The finished picture as a PNG file, without its RGB in between.
    public func encodedPNG() throws(ImageError) -> [UInt8] {
        let (picture, layout) = indexed
        return try picture.encodedPNG(width: layout.width, height: layout.height)
    }

    /// The numbers of colours, the background and the colour of what is not finite behind the map's own.
    private var indexed: (picture: IndexedPicture, layout: MosaicLayout) {
        let layout = MosaicLayout(self)
        let colourCount = colours.colourCount
        var indices = [UInt8](repeating: UInt8(colourCount), count: layout.width * layout.height)
        let ranges = ranges
        for map in 0..<count { draw(map, range: ranges[map], layout: layout, on: &indices) }
        let table = colours.table + [colours.background, ColourMap.invalid]
        let palette = table.flatMap { colour in (0..<3).map { colour[$0] } }
        return (IndexedPicture(colours: palette, indices: indices), layout)
    }

    private func draw(
        _ map: Int,
        range: ClosedRange<Float>,
        layout: MosaicLayout,
        on indices: inout [UInt8]
    ) {
        let (left, top) = layout.corner(of: map)
        let scale = layout.scale
        // In halves, so that the difference of huge ends stays finite.
        let span = range.upperBound / 2 - range.lowerBound / 2
        let last = Float(colours.colourCount - 1)
        // A smaller span is noise, and last / span could be infinite.
        let factor = span > 0x1p-110 ? last / span : 0
        let middle = range.lowerBound / 2
        let invalid = UInt8(colours.colourCount + 1)
        let values = maps.span
        var pixels = indices.mutableSpan
        for row in 0..<height {
            let start = (top + row * scale) * layout.width + left
            let first = (map * height + row) * width
            for column in 0..<width {
                let value = values[first + column]
                let position = (value / 2 - middle) * factor + 0.5
                let index = value.isFinite ? UInt8(min(max(position, 0), last)) : invalid
                for pixel in 0..<scale { pixels[start + column * scale + pixel] = index }
            }
            for copy in 1..<max(scale, 1) {
                for pixel in 0..<width * scale {
                    pixels[start + copy * layout.width + pixel] = pixels[start + pixel]
                }
            }
        }
    }

    /// A map of one value has no range of its own: such maps are compared with each other.
    private var effectiveNormalisation: Normalisation {
        normalisation == .perMap && height * width == 1 ? .shared : normalisation
    }

    /// One range of values for each map; values that are not finite do not count.
    private var ranges: [ClosedRange<Float>] {
        let size = height * width
        let own = (0..<count).map { finiteRange(of: maps[$0 * size..<($0 + 1) * size]) }
        switch effectiveNormalisation {
        case .perMap: return own
        case .symmetricPerMap: return own.map { around(max($0.upperBound, -$0.lowerBound)) }
        case .symmetricPerRow:
            let columns = MosaicLayout(self).columns
            return own.indices.map { map in
                let first = map / columns * columns
                let row = own[first..<min(first + columns, count)]
                return around(row.map { max($0.upperBound, -$0.lowerBound) }.max() ?? 0)
            }
        case .shared, .symmetric: break
        }
        let lowest = own.map(\.lowerBound).min() ?? 0
        let highest = own.map(\.upperBound).max() ?? 0
        let range =
            effectiveNormalisation == .symmetric
            ? around(max(highest, -lowest)) : lowest...highest
        return Array(repeating: range, count: count)
    }
}

/// Zero in the middle.
private func around(_ magnitude: Float) -> ClosedRange<Float> {
    -magnitude.magnitude...magnitude.magnitude
}

private func finiteRange(of values: ArraySlice<Float>) -> ClosedRange<Float> {
    var lowest = Float.greatestFiniteMagnitude
    var highest = -Float.greatestFiniteMagnitude
    for value in values where value.isFinite {
        lowest = min(lowest, value)
        highest = max(highest, value)
    }
    return lowest <= highest ? lowest...highest : 0...0
}
