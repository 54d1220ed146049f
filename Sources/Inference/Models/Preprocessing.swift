/// How a picture becomes a network's input: x = (sample / 255 − mean) / scale, per channel.
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

    init(_ object: JSONFields) throws(ModelError) {
        var object = object
        resize = try object.word("resize", default: Resize.bilinear)
        fit = try object.word("fit", default: Fit.pad)
        colour = try object.word("colour", default: Colour.grey)
        background = try object.word("background", default: Background.any)
        let channels = colour == .grey ? 1 : 3
        let means = try object.doubles("mean") ?? Array(repeating: 0, count: channels)
        let scales = try object.doubles("scale") ?? Array(repeating: 1, count: channels)
        guard means.count == channels, scales.count == channels, !scales.contains(0) else {
            throw .invalidManifest(
                field: "\(object.path), mean and scale",
                expected: "\(channels) numbers each, no scale 0",
                got: "\(means) and \(scales)"
            )
        }
        mean = means.map { Float($0) }
        scale = scales.map { Float($0) }
        try object.finish()
    }
}
