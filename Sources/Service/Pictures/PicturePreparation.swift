import Images
import Inference

/// Turns sent pictures into what a model's network is given, as its manifest says.
public struct PicturePreparation: Sendable {
    let inputName: String
    let size: PictureSize
    private let preprocessing: Preprocessing?
    let mean: [Float]
    let scale: [Float]

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
        mean = Self.spread(manifest.preprocessing?.mean, over: channels, default: 0)
        scale = Self.spread(manifest.preprocessing?.scale, over: channels, default: 1)
    }

    func prepare(_ picture: SentPicture) -> PreparedPicture {
        switch picture {
        case .pixels(let channels, let height, let width, let values):
            PreparedPicture(
                channels: channels,
                height: height,
                width: width,
                samples: .planes(values)
            )
        case .image(let image): prepare(image)
        }
    }

    /// What was done to a file, for the client: `28x28 grey; area, pad`.
    func description(of picture: PreparedPicture) -> String {
        let colour = picture.channels == 1 ? "grey" : "rgb"
        var text = "\(picture.width)x\(picture.height) \(colour)"
        guard let preprocessing else { return text }
        if size.height != nil {
            text += "; \(preprocessing.resize.rawValue) resize, \(preprocessing.fit.rawValue)"
        }
        if preprocessing.background == .dark { text += "; a bright background is inverted" }
        return text
    }

    private func prepare(_ image: Image) -> PreparedPicture {
        var image = size.channels == 1 ? image.grey() : image.rgb()
        if preprocessing?.background == .dark && image.borderMean > 127.5 {
            image = image.inverted()
        }
        let height = size.height ?? image.height
        let width = size.width ?? image.width
        if height != image.height || width != image.width {
            image = image.fitted(to: width, height, mode: fitMode, filter: filter)
        }
        return PreparedPicture(
            channels: size.channels,
            height: height,
            width: width,
            samples: .image(image)
        )
    }

    /// Bars are dark where the model expects a dark background, else the value the network sees as 0.
    private var fitMode: FitMode {
        switch preprocessing?.fit {
        case .pad where preprocessing?.background == .dark: return .pad(background: 0)
        case .pad: return .pad(background: UInt8(max(0, min(255, (mean.first ?? 0) * 255))))
        case .crop: return .crop
        case .stretch, nil: return .stretch
        }
    }

    private var filter: ResizeFilter {
        switch preprocessing?.resize {
        case .area, nil: .area
        case .bilinear: .bilinear
        case .nearest: .nearest
        }
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
