import CTurboJPEG

/// Decodes a JPEG file: grey stays grey, YCbCr becomes RGB, EXIF orientation is applied.
func decodeJPEG(_ bytes: RawSpan, limits: ImageLimits) throws(ImageError) -> Image {
    let orientation = try Orientation(jpeg: bytes)
    guard let handle = unsafe tjInitDecompress() else {
        throw .corrupt(.jpeg, detail: "the decoder cannot start")
    }
    defer { unsafe tjDestroy(handle) }
    // SAFETY: the pointer does not leave the closure, and TurboJPEG only reads through it.
    let image = try unsafe bytes.withUnsafeBytes { (file) throws(ImageError) in
        try unsafe decode(file, handle, limits: limits)
    }
    return image.oriented(orientation)
}

private func decode(
    _ file: UnsafeRawBufferPointer,
    _ handle: tjhandle,
    limits: ImageLimits
) throws(ImageError) -> Image {
    let header = try unsafe readHeader(file, handle)
    try limits.check(width: header.width, height: header.height)
    try unsafe checkScans(file, pixels: header.width * header.height, limits: limits)
    let channels = header.isGrey ? 1 : 3
    // Warnings are errors: libjpeg paints what is missing grey.
    let flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    var status: Int32 = 0
    // SAFETY: TurboJPEG writes height rows of width * channels bytes, the capacity.
    let samples = unsafe [UInt8](
        unsafeUninitializedCapacity: header.width * header.height * channels
    ) { output, count in
        status = unsafe tjDecompress2(
            handle,
            file.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt(file.count),
            output.baseAddress,
            Int32(header.width),
            0,
            Int32(header.height),
            (header.isGrey ? TJPF_GRAY : TJPF_RGB).rawValue,
            flags
        )
        count = status == 0 ? output.count : 0
    }
    guard status == 0 else { throw unsafe failure(handle) }
    return Image(width: header.width, height: header.height, channels: channels, samples: samples)
}

private func readHeader(
    _ file: UnsafeRawBufferPointer,
    _ handle: tjhandle
) throws(ImageError) -> (width: Int, height: Int, isGrey: Bool) {
    let start = unsafe file.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let length = UInt(file.count)
    var (width, height, subsampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard
        unsafe tjDecompressHeader3(handle, start, length, &width, &height, &subsampling, &space)
            == 0
    else { throw unsafe failure(handle) }
    guard width > 0, height > 0 else {
        throw .corrupt(.jpeg, detail: "its size is \(width)x\(height) pixels")
    }
    guard space != TJCS_CMYK.rawValue, space != TJCS_YCCK.rawValue else {
        throw .unsupported("CMYK JPEG images are not read: convert the image to RGB.")
    }
    return (Int(width), Int(height), space == TJCS_GRAY.rawValue)
}

/// Refuses a progressive file whose scans, each a pass over all pixels, take far more time than its size suggests.
private func checkScans(
    _ file: UnsafeRawBufferPointer,
    pixels: Int,
    limits: ImageLimits
) throws(ImageError) {
    // In compressed data 0xFF is followed by 0 or a restart marker, so that this counts scans (and previews').
    var scans = 0
    for offset in 0..<file.count - 1
    where unsafe file[offset] == 0xFF && file[offset + 1] == 0xDA { scans += 1 }
    // A dozen is usual.
    guard scans * pixels / 16 <= limits.maximumPixels else {
        throw .unsupported("The JPEG file has \(scans) scans: save it as a baseline JPEG.")
    }
}

private func failure(_ handle: tjhandle) -> ImageError {
    let message = unsafe String(cString: tjGetErrorStr2(handle))
    if message.contains("Premature end") { return .truncated(.jpeg) }
    return .corrupt(.jpeg, detail: message)
}
