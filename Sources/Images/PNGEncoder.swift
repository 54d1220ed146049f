import CPNG

extension Image {
    /// The picture as a PNG file: lossless, compressed for speed rather than for size.
    ///
    /// A picture of few colours, such as feature maps, is written with a palette.
    public func encodedPNG() throws(ImageError) -> [UInt8] {
        if channels == 3, let picture = IndexedPicture(samples) {
            return try picture.file(width: width, height: height).encoded()
        }
        return try encoded(format: channels == 3 ? Int(PNG_FORMAT_FLAG_COLOR) : 0)
    }

    private func encoded(format: Int) throws(ImageError) -> [UInt8] {
        var image = unsafe png_image()
        unsafe png_image_prepare(&image)
        defer { unsafe png_image_free(&image) }
        unsafe image.width = UInt32(width)
        unsafe image.height = UInt32(height)
        unsafe image.format = UInt32(format)
        unsafe image.flags = UInt32(PNG_IMAGE_FLAG_FAST)
        var size = unsafe png_image_encoded_bound(&image)
        var encoded = try Memory.bytes(Int(size))
        // SAFETY: libpng reads height * width samples of each channel, and writes at most `size` bytes, which there are.
        let status = unsafe samples.withUnsafeBytes { pixels in
            unsafe png_image_write_to_memory(&image, &encoded, &size, 0, pixels.baseAddress, 0, nil)
        }
        // All else that can fail is a side beyond libpng's million pixels.
        guard status != 0 else { throw .outOfMemory }
        encoded.removeLast(encoded.count - Int(size))
        return encoded
    }
}
