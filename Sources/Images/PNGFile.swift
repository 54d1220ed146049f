/// The structure of a PNG file, checked before libpng sees any of it.
///
/// libpng is later given only the chunks that make the pixels. Everything else (text, profiles, gamma) would only
/// cost time, could be a decompression bomb, or would change the numbers a network was trained on.
struct PNGFile {
    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private(set) var orientation = Orientation.upright
    /// Of the bytes up to the end of IEND.
    private(set) var byteCount = 0

    /// Walks the chunks up to IEND; what follows is ignored.
    init(_ bytes: RawSpan, limits: ImageLimits) throws(ImageError) {
        // Checked first: the size decides whether anything may be allocated.
        try Self.checkHeader(bytes, limits: limits)
        var offset = Self.signature.count
        while true {
            guard let length = bytes.bigEndian32(at: offset) else { throw .truncated(.png) }
            guard length <= Int(Int32.max) else {
                throw .corrupt(.png, detail: "a chunk at byte \(offset) claims \(length) bytes")
            }
            let end = offset + 12 + length
            guard end <= bytes.byteCount else { throw .truncated(.png) }
            let type = String(decoding: bytes.bytes(offset + 4..<offset + 8), as: UTF8.self)
            try take(chunk: type, from: bytes, at: offset..<end)
            offset = end
            if type == "IEND" { break }
        }
        byteCount = offset
    }

    private static func checkHeader(_ bytes: RawSpan, limits: ImageLimits) throws(ImageError) {
        // IHDR: length, "IHDR", width, height, bit depth, colour type, three methods (PNG 11.2.2).
        guard let length = bytes.bigEndian32(at: 8), let type = bytes.bigEndian32(at: 12),
            let width = bytes.bigEndian32(at: 16), let height = bytes.bigEndian32(at: 20)
        else { throw .truncated(.png) }
        guard length == 13, type == 0x4948_4452 else {
            throw .corrupt(.png, detail: "it does not begin with an IHDR chunk")
        }
        guard width > 0, height > 0 else {
            throw .corrupt(.png, detail: "its size is \(width)x\(height) pixels")
        }
        try limits.check(width: width, height: height)
    }

    private mutating func take(
        chunk type: String,
        from bytes: RawSpan,
        at range: Range<Int>
    ) throws(ImageError) {
        switch type {
        case "IHDR", "PLTE", "tRNS", "IDAT", "IEND": break
        case "eXIf":
            let content = bytes.extracting(range.lowerBound + 8..<range.upperBound - 4)
            orientation = Orientation(exif: content) ?? .upright
        default:
            guard type.utf8.allSatisfy({ (65...90).contains($0 & 0xDF) }) else {
                throw .corrupt(.png, detail: "no chunk begins at byte \(range.lowerBound)")
            }
            // An upper-case first letter marks what a reader must understand (PNG 5.4).
            if type.utf8.first.map({ $0 & 0x20 == 0 }) ?? true {
                throw .unsupported(
                    "The PNG file needs the unknown extension \"\(type)\": save it as a plain PNG."
                )
            }
        }
    }
}
