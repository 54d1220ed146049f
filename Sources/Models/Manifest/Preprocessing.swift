import Graph

/// How a picture becomes a network's input: x = (sample / 255 − mean) / scale, per channel.
///
/// A series has only mean and scale: x = (value − mean) / scale.
public struct Preprocessing: Sendable {
    public enum Resize: String, CaseIterable, Sendable {
        case area, bilinear, nearest
    }

    /// What happens to a picture of another aspect ratio.
    public enum Fit: String, CaseIterable, Sendable {
        case pad, stretch, crop
    }

    public enum Colour: String, CaseIterable, Sendable {
        case grey, rgb
    }

    /// Whether the network expects its object on a dark ground: then a picture with a bright border is inverted.
    public enum Background: String, CaseIterable, Sendable {
        case any, dark
    }

    public let resize: Resize
    public let fit: Fit
    public let colour: Colour
    public let background: Background
    /// One per channel.
    public let mean: [Float]
    /// One per channel, not zero.
    public let scale: [Float]

    /// Of a series: `mean` and `scale`, a number for each channel.
    init(ofSeries object: JSONFields, channels: Int) throws(ModelError) {
        var object = object
        (resize, fit, colour, background) = (.nearest, .stretch, .grey, .any)
        (mean, scale) = try Self.normalisation(&object, channels: channels)
        try object.finish()
    }

    init(_ object: JSONFields) throws(ModelError) {
        var object = object
        resize = try object.word("resize", default: Resize.bilinear)
        fit = try object.word("fit", default: Fit.pad)
        colour = try object.word("colour", default: Colour.grey)
        background = try object.word("background", default: Background.any)
        (mean, scale) = try Self.normalisation(&object, channels: colour == .grey ? 1 : 3)
        try object.finish()
    }

    private static func normalisation(
        _ object: inout JSONFields,
        channels: Int
    ) throws(ModelError) -> (mean: [Float], scale: [Float]) {
        guard (1...1 << 16).contains(channels) else {
            throw .invalidManifest(
                field: "model.json: input, channels",
                expected: "1 to 65536",
                got: "\(channels)"
            )
        }
        let means = try object.doubles("mean") ?? Array(repeating: 0, count: channels)
        let scales = try object.doubles("scale") ?? Array(repeating: 1, count: channels)
        guard means.count == channels, scales.count == channels, !scales.contains(0) else {
            throw .invalidManifest(
                field: "\(object.path), mean and scale",
                expected: "\(channels) numbers each, no scale 0",
                got: "\(means) and \(scales)"
            )
        }
        return (means.map { Float($0) }, scales.map { Float($0) })
    }
}
