import CPNG

extension PNGFile {
    /// The pixels: grey or RGB, transparency laid over white.
    func decoded() throws(ImageError) -> Image {
        // libpng 1.6.39 mixes up the rows of interlaced files when it reduces 16 bits to 8, so that is done here.
        let samples =
            bitDepth == 16
            ? eightBitsOverWhite(try rawSamples(of: UInt16.self))
            : overWhite(try rawSamples(of: UInt8.self))
        return Image(width: width, height: height, channels: colours, samples: samples)
    }

    private var colours: Int { isColour ? 3 : 1 }
    private var channels: Int { colours + (hasTransparency ? 1 : 0) }

    /// All rows of interleaved samples, with an alpha channel if there is transparency.
    ///
    /// 16-bit colours come multiplied by alpha; nothing else is done to the values, as libpng takes 16-bit files
    /// without a gamma chunk for linear light and is asked for linear light.
    private func rawSamples<Sample: FixedWidthInteger>(
        of type: Sample.Type
    ) throws(ImageError) -> [Sample] {
        var image = unsafe png_image()
        unsafe png_image_prepare(&image)
        defer { unsafe png_image_free(&image) }
        var failure: ImageError?
        // SAFETY: libpng reads `essentials` only inside this closure, and writes
        // height * width * channels samples, the capacity, for the format set below.
        let samples = unsafe essentials.withUnsafeBytes { file in
            unsafe [Sample](unsafeUninitializedCapacity: width * height * channels) {
                output,
                count in
                count = 0
                let hasHeader = unsafe png_image_begin_read_from_memory(
                    &image,
                    file.baseAddress,
                    file.count
                )
                unsafe image.format = format
                guard hasHeader != 0,
                    unsafe png_image_finish_read(&image, nil, output.baseAddress, 0, nil) != 0
                else {
                    failure = unsafe Self.error(&image)
                    return
                }
                count = output.count
            }
        }
        if let failure { throw failure }
        return samples
    }

    private var format: UInt32 {
        (isColour ? PNG_FORMAT_FLAG_COLOR : 0) | (hasTransparency ? PNG_FORMAT_FLAG_ALPHA : 0)
            | (bitDepth == 16 ? PNG_FORMAT_FLAG_LINEAR : 0)
    }

    private static func error(_ image: inout png_image) -> ImageError {
        let message = unsafe String(cString: png_image_message(&image))
        return .corrupt(.png, detail: message.isEmpty ? "libpng cannot read it" : message)
    }

    /// Blends each pixel with white and drops the alpha channel.
    private func overWhite(_ samples: [UInt8]) -> [UInt8] {
        guard hasTransparency else { return samples }
        return [UInt8](capacity: width * height * colours) { output in
            for pixel in stride(from: 0, to: samples.count, by: channels) {
                let alpha = UInt32(samples[pixel + colours])
                for colour in 0..<colours {
                    let value = UInt32(samples[pixel + colour])
                    let blended = (value * alpha + 255 * (255 - alpha) + 127) / 255
                    output.append(UInt8(truncatingIfNeeded: blended))
                }
            }
        }
    }

    private func eightBitsOverWhite(_ samples: [UInt16]) -> [UInt8] {
        [UInt8](capacity: width * height * colours) { output in
            for pixel in stride(from: 0, to: samples.count, by: channels) {
                let white = hasTransparency ? 65_535 - UInt32(samples[pixel + colours]) : 0
                for colour in 0..<colours {
                    let blended = min(UInt32(samples[pixel + colour]) + white, 65_535)
                    // Rounds blended / 257 exactly (PNG specification 13.12).
                    output.append(UInt8(truncatingIfNeeded: (blended * 255 + 32_895) >> 16))
                }
            }
        }
    }
}
