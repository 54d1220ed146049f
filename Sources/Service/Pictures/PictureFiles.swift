import HTTP
import Images

/// Decodes the picture files of a request, straight into what the network is given.
struct PictureFiles {
    let preparation: PicturePreparation
    let cancellation: Cancellation
    /// Of the files decoded so far.
    private(set) var count = 0
    private(set) var pixels = 0
    /// What is odd about them, for the client.
    private(set) var warnings: [String] = []

    /// The longest side of the pictures that are kept to draw on; nil: none are.
    private let shownSide: Int?

    init(preparation: PicturePreparation, cancellation: Cancellation, shownSide: Int? = nil) {
        self.preparation = preparation
        self.shownSide = shownSide
        self.cancellation = cancellation
    }

    /// `part` names the file where there may be several.
    mutating func decode(
        _ bytes: RawSpan,
        part: String?
    ) throws(ServiceError) -> PreparedPicture {
        try cancellation.check()
        let decoded = try decode(bytes, as: try preparation.target(), part)
        pixels += decoded.width * decoded.height
        // Names of parts, which the client chose, have no place in a header field.
        warnings += decoded.warnings.map { part == nil ? $0 : "picture \(count): \($0)" }
        count += 1
        var shown: Image?
        if let shownSide {
            // The size is known only now; what is drawn on is seldom asked for, so that decoding twice does not matter.
            let scale = min(1, Double(shownSide) / Double(max(decoded.width, decoded.height)))
            let target = ImageTarget(
                width: max(1, Int((Double(decoded.width) * scale).rounded())),
                height: max(1, Int((Double(decoded.height) * scale).rounded()))
            )
            shown = try decode(bytes, as: target, part).image
        }
        let source = PreparedPicture.Source(
            size: (decoded.width, decoded.height),
            place: decoded.place,
            shown: shown
        )
        return preparation.prepared(decoded.image, of: source)
    }

    private func decode(
        _ bytes: RawSpan,
        as target: ImageTarget,
        _ part: String?
    ) throws(ServiceError) -> DecodedImage {
        let decoder = ImageDecoder(
            limits: ImageLimits(maximumPixels: preparation.size.maximumPixels),
            target: target
        )
        do throws(ImageError) {
            return try decoder.decode(bytes, isCancelled: { cancellation.isCancelled })
        } catch {
            if error == .cancelled { try cancellation.check() }
            throw .image(error, part: part)
        }
    }

    mutating func decode(_ bytes: [UInt8], part: String?) throws(ServiceError) -> PreparedPicture {
        // SAFETY: an array of bytes has no padding that could be read.
        try unsafe decode(bytes.span.bytes, part: part)
    }

    mutating func decode(_ body: Bytes, part: String?) throws(ServiceError) -> PreparedPicture {
        try body.withSpan { (bytes) throws(ServiceError) in
            try decode(bytes, part: part)
        }
    }
}
