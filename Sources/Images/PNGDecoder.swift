import CPNG

extension PNGFile {
    /// The pixels: grey or RGB, transparency laid over white.
    func decoded() throws(ImageError) -> Image {
        let channels = (isColour ? 3 : 1) + (hasTransparency ? 1 : 0)
        var samples = try decodedSamples(channels: channels)
        if hasTransparency { layOverWhite(&samples, channels: channels) }
        return Image(
            width: width,
            height: height,
            channels: isColour ? 3 : 1,
            samples: samples
        )
    }

    private func decodedSamples(channels: Int) throws(ImageError) -> [UInt8] {
        var image = unsafe png_image()
        unsafe png_image_prepare(&image)
        defer { unsafe png_image_free(&image) }
        var failure: ImageError?
        // SAFETY: libpng reads `essentials` only inside this closure, and writes
        // height * width * channels bytes, the capacity, for the format set below.
        let samples = unsafe essentials.withUnsafeBytes { file in
            unsafe [UInt8](unsafeUninitializedCapacity: width * height * channels) {
                output,
                count in
                count = 0
                guard
                    unsafe png_image_begin_read_from_memory(&image, file.baseAddress, file.count)
                        != 0
                else {
                    failure = unsafe Self.error(image)
                    return
                }
                unsafe image.format =
                    (isColour ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0)
                    | (hasTransparency ? UInt32(PNG_FORMAT_FLAG_ALPHA) : 0)
                // Without it, 16-bit samples are taken for linear light and converted.
                unsafe image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
                guard unsafe png_image_finish_read(&image, nil, output.baseAddress, 0, nil) != 0
                else {
                    failure = unsafe Self.error(image)
                    return
                }
                count = output.count
            }
        }
        if let failure { throw failure }
        return samples
    }

    private static func error(_ image: png_image) -> ImageError {
        var image = unsafe image
        let message = unsafe String(cString: png_image_message(&image))
        return .corrupt(.png, detail: message.isEmpty ? "libpng cannot read it" : message)
    }

    /// Blends each pixel with white and drops the alpha channel, in place.
    private func layOverWhite(_ samples: inout [UInt8], channels: Int) {
        let colours = channels - 1
        let pixels = width * height
        var span = samples.mutableSpan
        for pixel in 0..<pixels {
            let alpha = UInt32(span[pixel * channels + colours])
            for colour in 0..<colours {
                let value = UInt32(span[pixel * channels + colour])
                let blended = (value * alpha + 255 * (255 - alpha) + 127) / 255
                span[pixel * colours + colour] = UInt8(truncatingIfNeeded: blended)
            }
        }
        samples.removeLast(pixels)
    }
}
