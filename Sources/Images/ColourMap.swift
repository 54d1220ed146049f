/// Colours for numbers from 0 to 1.
public enum ColourMap: String, Sendable, CaseIterable {
    /// Dark violet over green to yellow, in even steps of lightness: for feature maps.
    case viridis
    /// Black to white.
    case grey
    /// Blue over white to red: for values around zero.
    case diverging
}

/// A colour, red first.
typealias Colour = SIMD3<UInt8>

extension ColourMap {
    /// With the background and the invalid colour they fill the palette of a PNG file.
    var colourCount: Int { 254 }

    /// The colours, evenly spaced.
    var table: [Colour] {
        let anchors = anchors
        return (0..<colourCount).map { index in
            let part = Double(index) / Double(colourCount - 1)
            let position = part * Double(anchors.count - 1)
            let lower = min(Int(position), anchors.count - 2)
            let share = position - Double(lower)
            let mixed = anchors[lower] * (1 - share) + anchors[lower + 1] * share
            return Colour(mixed.rounded(.toNearestOrEven))
        }
    }

    /// What stands between maps: a colour that cannot be taken for a value.
    var background: Colour {
        switch self {
        case .viridis: Colour(255, 255, 255)
        case .grey: Colour(60, 105, 170)
        case .diverging: Colour(96, 96, 96)
        }
    }

    /// What stands for values that are not finite.
    static let invalid = Colour(255, 0, 255)

    private var anchors: [SIMD3<Double>] {
        switch self {
        case .viridis:
            // Every sixteenth colour of matplotlib's viridis (CC0).
            [
                [68, 1, 84], [72, 24, 106], [71, 45, 123], [66, 64, 134], [59, 82, 139],
                [51, 99, 141], [44, 114, 142], [38, 130, 142], [33, 145, 140], [31, 160, 136],
                [40, 174, 128], [63, 188, 115], [94, 201, 98], [132, 212, 75], [173, 220, 48],
                [216, 226, 25], [253, 231, 37],
            ]
        case .grey: [[0, 0, 0], [255, 255, 255]]
        case .diverging:
            [[10, 45, 105], [75, 145, 200], [255, 255, 255], [220, 95, 75], [115, 5, 35]]
        }
    }
}
