/// How the stored rows and columns are to be turned (EXIF 2.3, tag 0x0112).
enum Orientation: Int {
    case upright = 1
    case mirrored, rotatedHalf, flipped, transposed, rotatedRight, transversed, rotatedLeft

    /// Reads the tag from an EXIF block: a TIFF header and its first directory.
    init?(exif: RawSpan) {
        guard let byteOrder = exif.bigEndian16(at: 0), byteOrder == 0x4949 || byteOrder == 0x4D4D
        else { return nil }
        let isLittle = byteOrder == 0x4949
        func short(_ offset: Int) -> Int? {
            exif.bigEndian16(at: offset).map { isLittle ? ($0 & 0xFF) << 8 | $0 >> 8 : $0 }
        }
        func long(_ offset: Int) -> Int? {
            guard let low = short(offset + (isLittle ? 0 : 2)),
                let high = short(offset + (isLittle ? 2 : 0))
            else { return nil }
            return high << 16 | low
        }
        guard let directory = long(4), let entries = short(directory) else { return nil }
        for entry in 0..<entries {
            let offset = directory + 2 + 12 * entry
            guard let tag = short(offset) else { return nil }
            // Type 3 is SHORT; its single value is stored in the entry itself.
            if tag == 0x0112, short(offset + 2) == 3, let value = short(offset + 8) {
                self.init(rawValue: value)
                return
            }
        }
        return nil
    }

    /// Walks a JPEG file's segments up to the scan, looking for an EXIF block.
    ///
    /// What is wrong with them is for the decoder to say.
    init(jpeg bytes: RawSpan) {
        self = .upright
        var offset = 2
        while let marker = bytes.bigEndian16(at: offset) {
            // Fill bytes, and bytes that belong to nothing, are passed over as libjpeg does.
            guard (0xFF01...0xFFFE).contains(marker) else {
                offset += 1
                continue
            }
            // SOS, EOI.
            if marker == 0xFFDA || marker == 0xFFD9 { return }
            // TEM and RSTn stand alone.
            if marker == 0xFF01 || (0xFFD0...0xFFD7).contains(marker) {
                offset += 2
                continue
            }
            guard let length = bytes.bigEndian16(at: offset + 2), length >= 2 else { return }
            let content = offset + 4
            let end = offset + 2 + length
            guard end <= bytes.byteCount else { return }
            if marker == 0xFFE1, end - content >= 6,
                bytes.extracting(content..<end).starts(with: Array("Exif\0\0".utf8))
            {
                self = Orientation(exif: bytes.extracting(content + 6..<end)) ?? .upright
                return
            }
            offset = end
        }
    }
}

/// What turns the stored rows into the picture as it was meant to be seen.
extension Orientation {
    /// Stored rows become columns.
    var isTurned: Bool { rawValue >= Orientation.transposed.rawValue }

    /// The last pixel of a stored row comes first.
    var reversesColumns: Bool {
        switch self {
        case .mirrored, .rotatedHalf, .transversed, .rotatedLeft: true
        case .upright, .flipped, .transposed, .rotatedRight: false
        }
    }

    /// The last stored row comes first.
    var reversesRows: Bool {
        switch self {
        case .rotatedHalf, .flipped, .rotatedRight, .transversed: true
        case .upright, .mirrored, .transposed, .rotatedLeft: false
        }
    }
}
