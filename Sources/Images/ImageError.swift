/// What a client's picture may cost before anything is allocated for it.
public struct ImageLimits: Sendable, Equatable {
    public var maximumPixels = 40_000_000
    /// What may be kept of a JPEG file whose first row needs all of it; of others only rows are kept.
    public var maximumBytes = 128 << 20

    public init(maximumPixels: Int = 40_000_000) {
        self.maximumPixels = maximumPixels
    }
}

/// A file format that is read here.
public enum ImageFormat: String, Sendable {
    case png = "PNG"
    case jpeg = "JPEG"
}

/// Why bytes are not a picture that can be used.
public enum ImageError: Error, Equatable, Sendable {
    case empty
    case notAnImage(firstBytes: [UInt8])
    /// A known format or variant that is not read; the text says which and what to do.
    case unsupported(String)
    case tooLarge(width: Int, height: Int, maximumPixels: Int)
    /// A picture of an accepted size that has to be kept as a whole.
    case tooLargeToKeep(width: Int, height: Int, bytes: Int, limit: Int)
    case truncated(ImageFormat)
    case corrupt(ImageFormat, detail: String)
    /// What decoding needs cannot be had just now.
    case outOfMemory
    case cancelled
}

extension ImageError: CustomStringConvertible {
    /// A sentence a client can act on.
    public var description: String {
        switch self {
        case .empty:
            "The image is empty: send the bytes of a PNG or JPEG file."
        case .notAnImage(let firstBytes):
            "The bytes are not a PNG or JPEG image: they begin with \(Self.quoted(firstBytes))."
        case .unsupported(let what):
            what
        case .tooLarge(let width, let height, let maximumPixels):
            "The image is \(width)x\(height) pixels; at most \(maximumPixels) pixels are accepted."
        case .tooLargeToKeep(let width, let height, let bytes, let limit):
            "The JPEG file of \(width)x\(height) pixels is progressive and needs \(bytes >> 20) MiB to be "
                + "decoded, more than \(limit >> 20) MiB: save it as a baseline JPEG."
        case .truncated(let format):
            "The \(format.rawValue) file ends before its image is complete: it was cut off."
        case .corrupt(let format, let detail):
            "The \(format.rawValue) file is damaged: \(detail)."
        case .outOfMemory:
            "There is no memory for the image just now; try again later."
        case .cancelled:
            "Decoding the image was given up."
        }
    }

    /// Printable bytes as text, others in hexadecimal.
    private static func quoted(_ bytes: [UInt8]) -> String {
        if !bytes.isEmpty && bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) {
            return "\"\(String(decoding: bytes, as: UTF8.self))\""
        }
        return bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: " ")
    }
}
