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
    init(jpeg bytes: RawSpan) throws(ImageError) {
        var offset = 2
        while true {
            guard let marker = bytes.bigEndian16(at: offset) else { throw .truncated(.jpeg) }
            guard marker >= 0xFF00 else {
                throw .corrupt(.jpeg, detail: "no segment begins at byte \(offset)")
            }
            if marker == 0xFFFF {  // a fill byte
                offset += 1
                continue
            }
            // SOS, EOI: TurboJPEG judges what is left.
            if marker == 0xFFDA || marker == 0xFFD9 { break }
            guard let length = bytes.bigEndian16(at: offset + 2) else { throw .truncated(.jpeg) }
            guard length >= 2 else {
                throw .corrupt(.jpeg, detail: "the segment at byte \(offset) has no length")
            }
            let content = offset + 4
            let end = offset + 2 + length
            guard end <= bytes.byteCount else { throw .truncated(.jpeg) }
            if marker == 0xFFE1, end - content >= 6,
                bytes.extracting(content..<end).starts(with: Array("Exif\0\0".utf8))
            {
                self = Orientation(exif: bytes.extracting(content + 6..<end)) ?? .upright
                return
            }
            offset = end
        }
        self = .upright
    }
}

extension Image {
    /// The picture as it was meant to be seen.
    func oriented(_ orientation: Orientation) -> Image {
        if orientation == .upright { return self }
        let isTurned = orientation.rawValue >= Orientation.transposed.rawValue
        let (newWidth, newHeight) = isTurned ? (height, width) : (width, height)
        let (right, bottom) = (width - 1, (height - 1) * width)
        // The source pixel of (column, row) is origin + column * across + row * down.
        let (origin, across, down) =
            switch orientation {
            case .upright: (0, 1, width)
            case .mirrored: (right, -1, width)
            case .rotatedHalf: (bottom + right, -1, -width)
            case .flipped: (bottom, 1, -width)
            case .transposed: (0, width, 1)
            case .rotatedRight: (bottom, -width, 1)
            case .transversed: (bottom + right, -width, -1)
            case .rotatedLeft: (right, width, -1)
            }
        let turned = [UInt8](capacity: samples.count) { output in
            for row in 0..<newHeight {
                var source = (origin + row * down) * channels
                for _ in 0..<newWidth {
                    for channel in 0..<channels { output.append(samples[source + channel]) }
                    source += across * channels
                }
            }
        }
        return Image(width: newWidth, height: newHeight, channels: channels, samples: turned)
    }
}
