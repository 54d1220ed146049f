import CPictures

/// The rows of a JPEG file: grey stays grey, YCbCr, CMYK and YCCK become RGB.
final class JPEGRows: RowReader {
    private let stream: Stream
    private let header: jpeg_header
    /// A row of CMYK before it is RGB.
    private var inks: [UInt8] = []

    /// Reads the header; `file` must stay where it is as long as this.
    init(_ file: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageError) {
        stream = try unsafe Stream(file)
        var header = jpeg_header()
        try stream.check(unsafe jpeg_reader_header(stream.reader, &header))
        self.header = header
        try limits.check(width: width, height: height)
        guard header.has_scans else { return }
        try unsafe Self.checkScans(file, pixels: width * height, limits: limits)
        guard header.kept_bytes <= limits.maximumBytes else {
            throw .tooLargeToKeep(
                width: width,
                height: height,
                bytes: Int(header.kept_bytes),
                limit: limits.maximumBytes
            )
        }
    }

    var width: Int { Int(header.width) }
    var height: Int { Int(header.height) }
    var channels: Int { header.channels == 1 ? 1 : 3 }

    func start(_ tick: (Int) throws(ImageError) -> Void) throws(ImageError) {
        if header.channels == 4 { inks = try Memory.bytes(4 * width) }
        try stream.check(unsafe jpeg_reader_start(stream.reader))
        var isComplete = !header.has_scans
        while !isComplete {
            try stream.check(unsafe jpeg_reader_absorb(stream.reader, &isComplete))
            // A strip of a scan is about as high as a block.
            try tick(8 * width)
        }
    }

    func next(into row: inout [UInt8]) throws(ImageError) {
        guard header.channels == 4 else {
            precondition(row.count == width * channels)
            return try stream.check(unsafe jpeg_reader_row(stream.reader, &row))
        }
        try stream.check(unsafe jpeg_reader_row(stream.reader, &inks))
        convertInks(into: &row)
    }

    func finish() throws(ImageError) -> [String] {
        try stream.check(unsafe jpeg_reader_finish(stream.reader))
        return stream.warnings
    }

    /// RGB of CMYK, as Pillow makes it: Adobe's inverted inks are assumed, with or without its marker.
    private func convertInks(into row: inout [UInt8]) {
        var output = row.mutableSpan
        let inks = inks
        let samples = inks.span
        for pixel in 0..<width {
            // Inverted, samples are the light that an ink lets through.
            let key = UInt32(samples[4 * pixel + 3])
            for colour in 0..<3 {
                let product = (255 - UInt32(samples[4 * pixel + colour])) * key + 128
                let light = key - (product + product >> 8) >> 8
                output[3 * pixel + colour] = UInt8(truncatingIfNeeded: light)
            }
        }
    }

    /// Refuses a file whose scans, each a pass over all pixels, take far more time than its size suggests.
    private static func checkScans(
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
}

/// libjpeg's state, and what it says.
@safe private final class Stream {
    let reader: OpaquePointer

    init(_ file: UnsafeRawBufferPointer) throws(ImageError) {
        let start = unsafe file.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let reader = unsafe jpeg_reader_create(start, file.count) else { throw .outOfMemory }
        unsafe self.reader = reader
    }

    deinit { unsafe jpeg_reader_destroy(reader) }

    func check(_ result: picture_result) throws(ImageError) {
        if result != picture_ok { throw failure(result) }
    }

    private func failure(_ result: picture_result) -> ImageError {
        let message = unsafe String(cString: jpeg_reader_message(reader))
        switch result {
        case picture_truncated: return .truncated(.jpeg)
        case picture_out_of_memory: return .outOfMemory
        case picture_unsupported:
            return .unsupported(
                "The JPEG file is of a kind that is not read (\(message)): save it as a baseline "
                    + "JPEG with 8 bits a sample."
            )
        default: return .corrupt(.jpeg, detail: message)
        }
    }

    var warnings: [String] {
        var texts: [String] = []
        while let text = unsafe jpeg_reader_warning(reader, Int32(texts.count)) {
            texts.append(unsafe String(cString: text))
        }
        return texts
    }
}
