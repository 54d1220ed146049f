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

    init(preparation: PicturePreparation, cancellation: Cancellation) {
        self.preparation = preparation
        self.cancellation = cancellation
    }

    /// `part` names the file where there may be several.
    mutating func decode(
        _ bytes: RawSpan,
        part: String?
    ) throws(ServiceError) -> PreparedPicture {
        try cancellation.check()
        let decoder = ImageDecoder(
            limits: ImageLimits(maximumPixels: preparation.size.maximumPixels),
            target: try preparation.target()
        )
        let decoded: DecodedImage
        do throws(ImageError) {
            decoded = try decoder.decode(bytes, isCancelled: { cancellation.isCancelled })
        } catch {
            if error == .cancelled { try cancellation.check() }
            throw .image(error, part: part)
        }
        pixels += decoded.width * decoded.height
        // Names of parts, which the client chose, have no place in a header field.
        warnings += decoded.warnings.map { part == nil ? $0 : "picture \(count): \($0)" }
        count += 1
        return preparation.prepared(decoded.image)
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
