import CPNG

extension Image {
    /// The picture as a PNG file: lossless, compressed for speed rather than for size.
    ///
    /// A picture of few colours, such as feature maps, is written with a palette.
    public func encodedPNG() -> [UInt8] {
        if channels == 3, let picture = IndexedPicture(samples) {
            let format = PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_COLORMAP
            return encoded(picture.indices, format: Int(format), palette: picture.colours)
        }
        let format = channels == 3 ? Int(PNG_FORMAT_FLAG_COLOR) : 0
        return encoded(samples, format: format, palette: [])
    }

    private func encoded(_ pixels: [UInt8], format: Int, palette: [UInt8]) -> [UInt8] {
        var image = unsafe png_image()
        unsafe png_image_prepare(&image)
        defer { unsafe png_image_free(&image) }
        unsafe image.width = UInt32(width)
        unsafe image.height = UInt32(height)
        unsafe image.format = UInt32(format)
        unsafe image.flags = UInt32(PNG_IMAGE_FLAG_FAST)
        unsafe image.colormap_entries = UInt32(palette.count / 3)
        var size = unsafe png_image_encoded_bound(&image)
        // SAFETY: libpng reads height * width samples of each channel and the palette, and writes at
        // most `size` bytes.
        return unsafe pixels.withUnsafeBytes { pixels in
            unsafe palette.withUnsafeBytes { palette in
                unsafe [UInt8](unsafeUninitializedCapacity: size) { output, count in
                    let status = unsafe png_image_write_to_memory(
                        &image,
                        output.baseAddress,
                        &size,
                        0,
                        pixels.baseAddress,
                        0,
                        palette.baseAddress
                    )
                    precondition(status != 0, "only a side beyond libpng's million pixels can fail")
                    count = Int(size)
                }
            }
        }
    }
}
