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
        maps: [Float],
        count: Int,
        height: Int,
        width: Int,
        columns: Int? = nil,
        normalisation: Normalisation = .perMap,
        colours: ColourMap = .viridis
    ) {
        precondition(count > 0 && height > 0 && width > 0 && columns ?? 1 > 0)
        precondition(maps.count == count * height * width)
        self.maps = maps
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
        let drawing = MosaicDrawing(self)
        let layout = drawing.layout
        let indices = drawing.rows(0..<layout.height)
        var samples = [UInt8](repeating: 0, count: 3 * indices.count)
        for (pixel, index) in indices.enumerated() {
            for channel in 0..<3 {
                samples[3 * pixel + channel] = drawing.palette[3 * Int(index) + channel]
            }
        }
        return Image(width: layout.width, height: layout.height, channels: 3, samples: samples)
    }

    /// The finished picture as a PNG file, without its RGB in between.
    public func encodedPNG(_ divide: Division = oneByOne) throws(ImageError) -> [UInt8] {
        let drawing = MosaicDrawing(self)
        let layout = drawing.layout
        return try PalettePNG(
            colours: drawing.palette,
            width: layout.width,
            height: layout.height
        ) { rows in drawing.rows(rows) }.encoded(divide)
    }

    /// A map of one value has no range of its own: such maps are compared with each other.
    private var effectiveNormalisation: Normalisation {
        normalisation == .perMap && height * width == 1 ? .shared : normalisation
    }

    /// One range of values for each map; values that are not finite do not count.
    var ranges: [ClosedRange<Float>] {
        let size = height * width
        let own = (0..<count).map {
            finiteRange(of: maps.span.extracting($0 * size..<($0 + 1) * size))
        }
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

private func finiteRange(of values: Span<Float>) -> ClosedRange<Float> {
    // SAFETY: sixteen values from `index` on are there.
    unsafe values.withUnsafeBytes { bytes in
        var lowest = SIMD16<Float>(repeating: .greatestFiniteMagnitude)
        var highest = -lowest
        for start in stride(from: 0, to: values.count, by: 16) {
            var some = SIMD16<Float>(repeating: .nan)
            if start + 16 <= values.count {
                some = unsafe bytes.loadUnaligned(fromByteOffset: 4 * start, as: SIMD16<Float>.self)
            } else {
                for index in start..<values.count { some[index - start] = values[index] }
            }
            // What is not finite makes no 0 when multiplied by 0.
            let isFinite = some * 0 .== 0
            lowest.replace(with: some, where: isFinite .& (some .< lowest))
            highest.replace(with: some, where: isFinite .& (some .> highest))
        }
        let (low, high) = (lowest.min(), highest.max())
        return low <= high ? low...high : 0...0
    }
}
