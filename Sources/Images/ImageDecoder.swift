/// How a picture is wanted.
public struct ImageTarget: Sendable, Equatable {
    /// Nil for the picture's own.
    public var width: Int?
    public var height: Int?
    /// 1 grey, 3 RGB; nil for the picture's own.
    public var channels: Int?
    public var mode = FitMode.stretch
    public var filter = ResizeFilter.area
    /// A bright background, told by the picture's border, is inverted.
    public var isDark = false

    public init(width: Int? = nil, height: Int? = nil, channels: Int? = nil) {
        self.width = width
        self.height = height
        self.channels = channels
    }
}

/// What became of a picture file.
public struct DecodedImage: Sendable, Equatable {
    public let image: Image
    /// The file's own size, as it is meant to be seen.
    public let width: Int
    public let height: Int
    /// Where the file's pixels are in what was wanted.
    public let place: PicturePlace
    /// What is odd about the file, though it could be read: a sentence each.
    public let warnings: [String]
}

/// Reads PNG and JPEG files into the size and colours that are wanted.
public struct ImageDecoder: Sendable {
    public var limits: ImageLimits
    public var target: ImageTarget

    public init(limits: ImageLimits = ImageLimits(), target: ImageTarget = ImageTarget()) {
        self.limits = limits
        self.target = target
    }

    /// Decodes a PNG or JPEG file, told apart by its first bytes.
    ///
    /// Without a wanted size and colour the result is grey when the file is grey and RGB otherwise. Transparent pixels
    /// are laid over white, 16-bit samples are scaled to 8 bits, EXIF orientation is applied. Colour profiles and
    /// gamma are ignored, as the usual training tools do. Bytes after the end of the picture are tolerated.
    ///
    /// `isCancelled` is asked after every few milliseconds of work. It may take its time, to let others have the
    /// core; true ends the work with `cancelled`.
    public func decode(
        _ bytes: RawSpan,
        isCancelled: () -> Bool = { false }
    ) throws(ImageError) -> DecodedImage {
        guard bytes.byteCount > 0 else { throw .empty }
        let png = bytes.starts(with: PNGFile.signature) ? try PNGFile(bytes, limits: limits) : nil
        guard png != nil || bytes.starts(with: [0xFF, 0xD8]) else {
            throw Image.refusal(of: bytes)
        }
        let orientation = png?.orientation ?? Orientation(jpeg: bytes)
        // SAFETY: the readers, which keep the pointer, live inside the closure.
        return try unsafe bytes.withUnsafeBytes { (file) throws(ImageError) in
            let rows: any RowReader =
                if let png {
                    try unsafe PNGRows(.init(rebasing: file[..<png.byteCount]))
                } else {
                    try unsafe JPEGRows(file, limits: limits)
                }
            return try decode(rows, orientation, isCancelled)
        }
    }

    private func decode(
        _ rows: any RowReader,
        _ orientation: Orientation,
        _ isCancelled: () -> Bool
    ) throws(ImageError) -> DecodedImage {
        var pixels = 0
        func tick(_ count: Int) throws(ImageError) {
            pixels += count
            if pixels < Self.slice { return }
            pixels = 0
            if isCancelled() { throw .cancelled }
        }
        let (width, height) = (rows.width, rows.height)
        var builder = try PictureBuilder(
            width: width,
            height: height,
            channels: rows.channels,
            orientation: orientation,
            target: target
        )
        var row = try Memory.bytes(width * rows.channels)
        try rows.start(tick)
        for _ in 0..<height {
            try rows.next(into: &row)
            builder.take(row)
            try tick(width)
        }
        let size = orientation.isTurned ? (height, width) : (width, height)
        let place = builder.place
        return DecodedImage(
            image: try builder.finish(isCancelled: isCancelled),
            width: size.0,
            height: size.1,
            place: place,
            warnings: try rows.finish()
        )
    }

    /// Pixels between two questions: one to five milliseconds.
    private static let slice = 1 << 17
}
