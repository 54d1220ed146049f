import CPictures

/// One of the reduced pictures that an interlaced PNG file consists of, with a reader of its own.
struct PNGPass {
    /// Which pixels of the picture are its (PNG 8.2).
    struct Grid {
        let left, top, across, down: Int

        static let whole = Grid(left: 0, top: 0, across: 1, down: 1)
        static let adam7 = [
            Grid(left: 0, top: 0, across: 8, down: 8), Grid(left: 4, top: 0, across: 8, down: 8),
            Grid(left: 0, top: 4, across: 4, down: 8), Grid(left: 2, top: 0, across: 4, down: 4),
            Grid(left: 0, top: 2, across: 2, down: 4), Grid(left: 1, top: 0, across: 2, down: 2),
            Grid(left: 0, top: 1, across: 1, down: 2),
        ]

        func columns(of width: Int) -> Int { (width - left + across - 1) / across }
        func rows(of height: Int) -> Int { (height - top + down - 1) / down }
        func hasRow(_ row: Int) -> Bool { row >= top && (row - top) % down == 0 }
    }

    let grid: Grid
    let stream: PNGStream
    /// Of the passes before.
    let rowsBefore: Int

    init(_ grid: Grid, of stream: PNGStream, skipping rowsBefore: Int) {
        self.grid = grid
        self.stream = stream
        self.rowsBefore = rowsBefore
    }
}

/// libpng's state after the header, and what it says.
@safe final class PNGStream {
    private let reader: OpaquePointer
    let header: png_header

    init(_ file: UnsafeRawBufferPointer) throws(ImageError) {
        let start = unsafe file.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let reader = unsafe png_reader_create(start, file.count) else { throw .outOfMemory }
        var header = png_header()
        let result = unsafe png_reader_header(reader, &header)
        unsafe self.reader = reader
        self.header = header
        try check(result)
    }

    deinit { unsafe png_reader_destroy(reader) }

    /// Reads the picture's or the pass's next row; there is room for the picture's width.
    func readRow(into row: inout [UInt8]) throws(ImageError) {
        precondition(row.count >= Int(header.width) * Int(header.channels) * Int(header.bits) / 8)
        try check(unsafe png_reader_row(reader, &row))
    }

    func skipRow() throws(ImageError) {
        try check(unsafe png_reader_row(reader, nil))
    }

    var warning: String? {
        guard let text = unsafe png_reader_warning(reader) else { return nil }
        return unsafe String(cString: text)
    }

    private func check(_ result: picture_result) throws(ImageError) {
        switch result {
        case picture_ok: return
        case picture_truncated: throw .truncated(.png)
        case picture_out_of_memory: throw .outOfMemory
        default:
            let message = unsafe String(cString: png_reader_message(reader))
            throw .corrupt(.png, detail: message.isEmpty ? "libpng cannot read it" : message)
        }
    }
}
