/// Feature maps or kernels laid out as one picture.
public struct MapMosaic: Sendable {
    /// Which values are the darkest and the brightest.
    public enum Normalisation: String, Sendable, CaseIterable {
        /// Each map runs from its own minimum to its own maximum.
        case perMap
        /// All maps share one minimum and maximum.
        case shared
        /// From -m to m with m the largest magnitude of all maps: zero is the middle.
        case symmetric
    }

    /// The values, [count, height, width].
    public let maps: [Float]
    public let count: Int
    public let height: Int
    public let width: Int
    /// Maps in a row; nil chooses a picture that is a little wider than high.
    public var columns: Int?
    public var normalisation: Normalisation
    public var colours: ColourMap

    /// Lays out `count` maps of `height` by `width` values, row by row.
    public init(
        maps: Span<Float>,
        count: Int,
        height: Int,
        width: Int,
        normalisation: Normalisation = .perMap,
        colours: ColourMap = .viridis
    ) {
        // SAFETY: the pointer does not leave the closure.
        self.maps = unsafe maps.withUnsafeBufferPointer { unsafe Array($0) }
        self.count = count
        self.height = height
        self.width = width
        self.normalisation = normalisation
        self.colours = colours
    }

    /// The finished picture, RGB.
    public func render() -> Image {
        Image(width: 1, height: 1, channels: 3, samples: [0, 0, 0])
    }

    /// What the colours mean, in one line fit for a response header.
    public var legend: String { "" }
}
