import Graph

/// How a picture becomes a network's input: x = (sample · rescale − mean) / scale, per channel.
///
/// A series has only mean and scale: x = (value − mean) / scale.
public struct Preprocessing: Sendable {
    public enum Resize: String, CaseIterable, Sendable {
        case area, bilinear, bicubic, nearest
        case opencvArea = "opencv-area"
        case opencvBilinear = "opencv-bilinear"
        case opencvNearest = "opencv-nearest"
    }

    /// What happens to a picture of another aspect ratio.
    public enum Fit: String, CaseIterable, Sendable {
        case pad, stretch, crop
    }

    public enum Colour: String, CaseIterable, Sendable {
        case grey, rgb, bgr

        var channels: Int { self == .grey ? 1 : 3 }
    }

    /// Whether the network expects its object on a dark ground: then a picture with a bright border is inverted.
    public enum Background: String, CaseIterable, Sendable {
        case any, dark
    }

    /// Where the channels lie: [N, channels, height, width], or last.
    public enum Layout: String, CaseIterable, Sendable {
        case nchw, nhwc
    }

    public let resize: Resize
    public let fit: Fit
    /// Pixels that the shorter side is scaled to before the middle is cut out (torchvision's Resize and CenterCrop); nil:
    /// the part that is cut out is as large as it can be.
    public let shorterSide: Int?
    public let colour: Colour
    public let background: Background
    /// What a sample is multiplied by; nil: divided by 255.
    public let rescale: Float?
    /// nil: as the file's signature tells.
    public let layout: Layout?
    /// One per channel.
    public let mean: [Float]
    /// One per channel, not zero.
    public let scale: [Float]

    /// The fields of the object, of pictures.
    static let fields = [
        "resize", "shorter_side", "fit", "colour", "background", "rescale", "layout", "mean", "std",
        "scale",
    ]

    /// Of a series: `mean` and `scale`, a number for each channel.
    init(ofSeries object: JSONFields, channels: Int) throws(ModelError) {
        var object = object
        object.expect(["mean", "std", "scale"])
        (resize, fit, colour, background) = (.nearest, .stretch, .grey, .any)
        (shorterSide, rescale, layout) = (nil, nil, nil)
        (mean, scale) = try Self.normalisation(&object, channels: channels)
        object.finish()
    }

    /// Of pictures of so many channels.
    init(_ object: JSONFields, channels: Int) throws(ModelError) {
        var object = object
        object.expect(Self.fields)
        resize = try object.word("resize", default: Resize.bilinear)
        shorterSide = try object.int("shorter_side")
        fit = try object.word("fit", default: shorterSide == nil ? Fit.pad : .crop)
        colour = try object.word("colour", default: channels == 3 ? Colour.rgb : .grey)
        background = try object.word("background", default: Background.any)
        rescale = try object.double("rescale").map { Float($0) }
        layout = try object.optionalWord("layout")
        (mean, scale) = try Self.normalisation(&object, channels: colour.channels)
        object.finish()
        guard shorterSide == nil || fit == .crop else {
            throw object.mismatch(
                "fit",
                "\"crop\", as there is a shorter_side",
                .string(fit.rawValue)
            )
        }
    }

    /// What a word stands for: the preparation that a family of networks was trained with; `side` is the input's longer one.
    init(named name: String, side: Int?, at path: String) throws(ModelError) {
        (background, layout) = (.any, nil)
        switch name {
        case "imagenet":
            // torchvision's reference: Resize(256), CenterCrop(224), Normalize; in proportion for other sizes.
            (resize, fit, colour, rescale) = (.bilinear, .crop, .rgb, nil)
            shorterSide = side.map { ($0 * 256 + 112) / 224 }
            (mean, scale) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        case "tf":
            // Keras' mode "tf": from −1 to 1.
            (resize, fit, colour, rescale, shorterSide) = (.bilinear, .stretch, .rgb, nil, nil)
            (mean, scale) = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
        case "yolo":
            // The whole picture between bars, from 0 to 1.
            (resize, fit, colour, rescale, shorterSide) = (.bilinear, .pad, .rgb, nil, nil)
            (mean, scale) = ([0, 0, 0], [1, 1, 1])
        case "caffe":
            // Keras' mode "caffe": blue first, the mean taken away, not scaled.
            (resize, fit, colour, rescale, shorterSide) = (.bilinear, .stretch, .bgr, 1, nil)
            (mean, scale) = ([103.939, 116.779, 123.68], [1, 1, 1])
        default:
            throw .invalidManifest(
                field: path,
                expected: "an object, or one of \"imagenet\", \"tf\", \"caffe\" and \"yolo\"",
                got: "\"\(name)\""
            )
        }
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
        let means = try numbers("mean", &object, default: 0, channels)
        // What others call a standard deviation.
        let word = object.has("std") ? "std" : "scale"
        let scales = try numbers(word, &object, default: 1, channels)
        guard means.count == channels, scales.count == channels, !scales.contains(0) else {
            throw .invalidManifest(
                field: "\(object.path), mean and \(word)",
                expected: "\(channels) numbers each, no \(word) 0",
                got: "\(means) and \(scales)"
            )
        }
        return (means, scales)
    }

    /// One number stands for all channels.
    private static func numbers(
        _ name: String,
        _ object: inout JSONFields,
        default value: Float,
        _ channels: Int
    ) throws(ModelError) -> [Float] {
        let numbers = try object.doubles(name)?.map { Float($0) } ?? [value]
        return numbers.count == 1 ? Array(repeating: numbers[0], count: channels) : numbers
    }
}
