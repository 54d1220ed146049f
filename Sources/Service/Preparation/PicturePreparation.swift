import Graph
import Images
import Models

/// Turns sent pictures into what a model's network is given, as its manifest says.
public final class PicturePreparation: Sendable {
    let inputName: String
    let size: PictureSize
    private let preprocessing: Preprocessing?
    /// x = (sample / 255 − mean) / scale of each channel.
    let normalisation: PictureNormalisation

    /// Nil for a model whose input is not a picture.
    init?(_ manifest: Manifest, maximumPixels: Int) {
        guard case .image(let name, let channels, let height, let width) = manifest.input else {
            return nil
        }
        inputName = name
        size = PictureSize(
            channels: channels,
            height: height,
            width: width,
            maximumPixels: maximumPixels
        )
        preprocessing = manifest.preprocessing
        normalisation = PictureNormalisation(
            mean: Self.spread(manifest.preprocessing?.mean, over: channels, default: 0),
            scale: Self.spread(manifest.preprocessing?.scale, over: channels, default: 1),
            rescale: preprocessing?.rescale,
            isReversed: preprocessing?.colour == .bgr,
            isChannelsLast: manifest.isChannelsLast
        )
    }

    /// A picture as it was made for `target`.
    func prepared(
        _ image: Image,
        of source: PreparedPicture.Source = PreparedPicture.Source()
    ) -> PreparedPicture {
        PreparedPicture(
            channels: image.channels,
            height: image.height,
            width: image.width,
            samples: .image(image),
            source: source
        )
    }

    /// How the network wants pictures; throws where no file can be what it takes.
    func target() throws(ServiceError) -> ImageTarget {
        guard size.channels == 1 || size.channels == 3 else {
            throw .invalidValue(
                field: "the picture",
                expected: "numbers of the shape \(size.description), as pixels or an array",
                got: "a file, which is grey or RGB"
            )
        }
        var target = ImageTarget(width: size.width, height: size.height, channels: size.channels)
        target.mode = fitMode
        target.filter = filter
        target.isDark = preprocessing?.background == .dark
        return target
    }

    /// What was done to a file, for the client: `28x28 grey; area, pad`.
    func description(of picture: PreparedPicture) -> String {
        let colour = picture.channels == 1 ? "grey" : preprocessing?.colour.rawValue ?? "rgb"
        var text = "\(picture.width)x\(picture.height) \(colour)"
        guard let preprocessing else { return text }
        if size.height != nil {
            let cut = preprocessing.shorterSide.map { " of a shorter side of \($0)" } ?? ""
            text += "; \(preprocessing.resize.rawValue) resize, \(preprocessing.fit.rawValue)\(cut)"
        }
        if preprocessing.background == .dark { text += "; a bright background is inverted" }
        return text
    }

    /// Bars are dark where the model expects a dark background, else the value the network sees as 0.
    private var fitMode: FitMode {
        switch preprocessing?.fit {
        case .pad where preprocessing?.background == .dark: return .pad(background: 0)
        case .pad:
            let black = (preprocessing?.mean.first ?? 0) / (preprocessing?.rescale ?? 1 / 255)
            return .pad(background: black.isFinite ? UInt8(max(0, min(255, black))) : 0)
        case .crop: return preprocessing?.shorterSide.map { .cut(shorterSide: $0) } ?? .crop
        case .stretch, nil: return .stretch
        }
    }

    /// Both have the same words.
    private var filter: ResizeFilter {
        preprocessing.flatMap { ResizeFilter(rawValue: $0.resize.rawValue) } ?? .area
    }

    private static func spread(
        _ values: [Float]?,
        over channels: Int,
        default value: Float
    )
        -> [Float]
    {
        guard let values, let first = values.first else {
            return [Float](repeating: value, count: channels)
        }
        return values.count == channels ? values : [Float](repeating: first, count: channels)
    }
}
