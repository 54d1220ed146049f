import Images

/// A picture has as many samples as it says, and no more pixels than allowed.
@Sendable
func fuzzPictures(_ bytes: [UInt8]) {
    do {
        let picture = try Image(decoding: bytes, limits: ImageLimits(maximumPixels: 1 << 16))
        precondition(picture.width * picture.height <= 1 << 16)
        precondition(picture.samples.count == picture.width * picture.height * picture.channels)
    } catch {
        precondition(!error.description.isEmpty)
    }
}
