import Images

/// A picture has as many samples as it says, and no more pixels than allowed.
@Sendable
func fuzzPictures(_ bytes: [UInt8]) {
    do {
        let picture = try Image(decoding: bytes, limits: ImageLimits(maximumPixels: 1 << 16))
        precondition(picture.width * picture.height <= 1 << 16)
        precondition(picture.samples.count == picture.width * picture.height * picture.channels)
        var target = ImageTarget(width: 9, height: 14, channels: 1)
        target.mode = .crop
        // SAFETY: an array of bytes has no padding that could be read.
        let decoder = ImageDecoder(limits: ImageLimits(maximumPixels: 1 << 16), target: target)
        let small = try unsafe decoder.decode(bytes.span.bytes).image
        let resized = try picture.made(as: target)
        precondition(small == resized)
    } catch {
        precondition(!error.description.isEmpty)
    }
}
