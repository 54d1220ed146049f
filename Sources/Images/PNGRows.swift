import CPictures

/// The rows of a PNG file: transparency is laid over white, 16 bits become 8.
final class PNGRows: RowReader {
    private let header: png_header
    /// One for each pass of an interlaced file, otherwise one for all rows.
    private let passes: [PNGPass]
    private var row = 0
    /// A row as libpng makes it, and one of a pass.
    private var raw: [UInt8] = []
    private var part: [UInt8] = []

    /// Reads the header; `file`, whose structure was checked, must stay where it is as long as this.
    init(_ file: UnsafeRawBufferPointer) throws(ImageError) {
        let first = try unsafe PNGStream(file)
        header = first.header
        let (width, height) = (Int(header.width), Int(header.height))
        guard header.is_interlaced else {
            passes = [PNGPass(.whole, of: first, skipping: 0)]
            return
        }
        var passes: [PNGPass] = []
        var rowsBefore = 0
        for grid in PNGPass.Grid.adam7
        where grid.columns(of: width) > 0 && grid.rows(of: height) > 0 {
            let stream = passes.isEmpty ? first : try unsafe PNGStream(file)
            passes.append(PNGPass(grid, of: stream, skipping: rowsBefore))
            rowsBefore += grid.rows(of: height)
        }
        self.passes = passes
    }

    var width: Int { Int(header.width) }
    var height: Int { Int(header.height) }
    var channels: Int { Int(header.channels) < 3 ? 1 : 3 }
    private var hasAlpha: Bool { Int(header.channels) != channels }
    private var pixelBytes: Int { Int(header.channels) * Int(header.bits) / 8 }

    /// Each pass of an interlaced file has a reader of its own, so that no more than a row of the picture is kept.
    ///
    /// It has to be led past the passes before, which costs unpacking the file twice.
    func start(_ tick: (Int) throws(ImageError) -> Void) throws(ImageError) {
        raw = try Memory.bytes(width * pixelBytes)
        if header.is_interlaced { part = try Memory.bytes(width * pixelBytes) }
        for pass in passes {
            for _ in 0..<pass.rowsBefore {
                try pass.stream.skipRow()
                try tick(width)
            }
        }
    }

    func next(into output: inout [UInt8]) throws(ImageError) {
        precondition(output.count == width * channels)
        if header.bits == 8 && !hasAlpha {
            try readRow(into: &output)
        } else {
            try readRow(into: &raw)
            if header.bits == 16 { narrow(into: &output) } else { blend(into: &output) }
        }
        row += 1
    }

    func finish() throws(ImageError) -> [String] {
        let warnings = passes.compactMap { $0.stream.warning }
        return warnings.first.map { [$0] } ?? []
    }

    private func readRow(into output: inout [UInt8]) throws(ImageError) {
        guard header.is_interlaced else { return try passes[0].stream.readRow(into: &output) }
        for pass in passes where pass.grid.hasRow(row) {
            try pass.stream.readRow(into: &part)
            spread(pass.grid, into: &output)
        }
    }

    /// Puts the pixels of a pass's row where they belong.
    private func spread(_ grid: PNGPass.Grid, into output: inout [UInt8]) {
        let size = pixelBytes
        var target = output.mutableSpan
        let part = part
        let source = part.span
        var from = 0
        for column in stride(from: grid.left, to: width, by: grid.across) {
            for byte in 0..<size { target[column * size + byte] = source[from + byte] }
            from += size
        }
    }

    /// Blends each pixel with white and drops the alpha channel.
    private func blend(into output: inout [UInt8]) {
        var target = output.mutableSpan
        let raw = raw
        let source = raw.span
        let (colours, step) = (channels, Int(header.channels))
        for pixel in 0..<width {
            let alpha = UInt32(source[pixel * step + colours])
            for colour in 0..<colours {
                let value = UInt32(source[pixel * step + colour])
                let blended = (value * alpha + 255 * (255 - alpha) + 127) / 255
                target[pixel * colours + colour] = UInt8(truncatingIfNeeded: blended)
            }
        }
    }

    /// Blends each pixel with white in 16 bits, then rounds to 8.
    private func narrow(into output: inout [UInt8]) {
        var target = output.mutableSpan
        let raw = raw
        let source = raw.span
        let (colours, step) = (channels, Int(header.channels))
        func sample(_ index: Int) -> UInt32 {
            UInt32(source[2 * index]) << 8 | UInt32(source[2 * index + 1])
        }
        for pixel in 0..<width {
            let alpha = hasAlpha ? sample(pixel * step + colours) : 65_535
            for colour in 0..<colours {
                // value * alpha / 65,535, rounded, without a division.
                let product = sample(pixel * step + colour) * alpha + 32_768
                let blended = min((product + product >> 16) >> 16 + 65_535 - alpha, 65_535)
                // Rounds blended / 257 exactly (PNG specification 13.12).
                target[pixel * colours + colour] = UInt8(
                    truncatingIfNeeded: (blended * 255 + 32_895) >> 16
                )
            }
        }
    }
}
