extension Image {
    /// Decodes a PNG or JPEG file in its own size and colours.
    public init(
        decoding bytes: RawSpan,
        limits: ImageLimits = ImageLimits()
    ) throws(ImageError) {
        self = try ImageDecoder(limits: limits).decode(bytes).image
    }

    /// Decodes a PNG or JPEG file held in an array.
    public init(
        decoding bytes: [UInt8],
        limits: ImageLimits = ImageLimits()
    ) throws(ImageError) {
        // SAFETY: an array of bytes has no padding that could be read.
        try unsafe self.init(decoding: bytes.span.bytes, limits: limits)
    }

    /// Names the format where it is a known one, so that the client learns what to convert.
    static func refusal(of bytes: RawSpan) -> ImageError {
        let known: [(name: String, offset: Int, mark: [UInt8])] = [
            ("GIF", 0, Array("GIF8".utf8)), ("WebP", 8, Array("WEBP".utf8)),
            ("BMP", 0, Array("BM".utf8)), ("TIFF", 0, Array("II*\0".utf8)),
            ("TIFF", 0, Array("MM\0*".utf8)), ("PDF", 0, Array("%PDF".utf8)),
            ("HEIC or AVIF", 4, Array("ftyp".utf8)), ("SVG", 0, Array("<svg".utf8)),
            ("JPEG XL", 0, [0xFF, 0x0A]), ("JPEG 2000", 4, Array("jP  ".utf8)),
        ]
        for format in known {
            let found = format.mark.indices.allSatisfy {
                bytes.byte(at: format.offset + $0) == format.mark[$0]
            }
            if found {
                return .unsupported("\(format.name) images are not read: send a PNG or JPEG file.")
            }
        }
        // Too short to tell: a file that was cut off inside its signature.
        if bytes.byteCount < PNGFile.signature.count,
            PNGFile.signature.starts(with: bytes.bytes(0..<bytes.byteCount))
        {
            return .truncated(.png)
        }
        if bytes.byteCount == 1, bytes.byte(at: 0) == 0xFF { return .truncated(.jpeg) }
        return .notAnImage(firstBytes: bytes.bytes(0..<min(8, bytes.byteCount)))
    }
}

extension ImageLimits {
    /// Refuses sizes beyond the limit; widths and heights are at most 2^32, so the product cannot overflow.
    func check(width: Int, height: Int) throws(ImageError) {
        // libpng accepts no longer side.
        let longest = 1_000_000
        guard width <= longest, height <= longest, width * height <= maximumPixels else {
            throw .tooLarge(width: width, height: height, maximumPixels: maximumPixels)
        }
    }
}
