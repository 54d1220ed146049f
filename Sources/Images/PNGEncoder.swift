import CPNG

extension Image {
    /// The picture as a PNG file: lossless, compressed for speed rather than for size.
    public func encodedPNG() -> [UInt8] {
        var image = unsafe png_image()
        unsafe png_image_prepare(&image)
        defer { unsafe png_image_free(&image) }
        unsafe image.width = UInt32(width)
        unsafe image.height = UInt32(height)
        unsafe image.format = channels == 3 ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0
        unsafe image.flags = UInt32(PNG_IMAGE_FLAG_FAST)
        var size = unsafe png_image_encoded_bound(&image)
        // SAFETY: libpng reads height * width * channels samples and writes at most `size` bytes.
        return unsafe samples.withUnsafeBytes { pixels in
            unsafe [UInt8](unsafeUninitializedCapacity: size) { output, count in
                let status = unsafe png_image_write_to_memory(
                    &image,
                    output.baseAddress,
                    &size,
                    0,
                    pixels.baseAddress,
                    0,
                    nil
                )
                precondition(status != 0, "only a side beyond libpng's million pixels can fail")
                count = Int(size)
            }
        }
    }
}
