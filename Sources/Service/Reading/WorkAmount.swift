import HTTP

/// How much a request asks for, told from its first bytes: what is read later in full.
///
/// Requests of one kind take about the same time for each unit; a first guess takes a unit for a millisecond.
enum WorkAmount {
    static func units(of call: Call) -> Double {
        let request = call.request
        let bytes = Double(request.likelyBodyBytes)
        guard request.head.contentCoding == .identity else { return 1 + bytes / 256 }
        switch call.route.body {
        case .none: return 1
        case .sequence:
            let symbols = bytes + Double(draws(for: call)) * symbolsOfDraw
            return (16 + symbols) / symbolsOfUnit
        case .tree: return 1 + bytes / 16
        case .image:
            guard let pixels = PictureHead.pixels(request.body) else { return 1 + bytes / 256 }
            return 1 + Double(pixels) / 32_768
        case .tensors, .document: return 1 + bytes / 1024
        }
    }

    /// As many as a first guess of a millisecond may stand for: nobody is refused for work that was never measured.
    private static let symbolsOfUnit = 1024.0

    /// A symbol that is drawn takes as long as so many that are read, as those are read several at once.
    private static let symbolsOfDraw = 4.0

    /// Bytes of a body that are looked through for a number.
    private static let longestText = 64 << 10

    /// Symbols to be drawn, or steps to be run, one after the other.
    private static func draws(for call: Call) -> Int {
        let isOwn = call.route.conventions == .own
        switch call.route.operation {
        case "generate":
            return number(isOwn ? "\"length\"" : "\"max_tokens\"", call) ?? (isOwn ? 100 : 20)
        case "generate_stream": return number("\"max_tokens\"", call) ?? 20
        case "encode": return number("\"steps\"", call) ?? 0
        default: return 0
        }
    }

    /// The number behind a key, in a body that is likely to be JSON.
    private static func number(_ key: StaticString, _ call: Call) -> Int? {
        let body = call.request.body
        guard let place = body.firstRange(of: key, within: min(body.count, longestText)) else {
            return nil
        }
        var number: Int?
        for byte in body.copy(place.upperBound..<min(body.count, place.upperBound + 24)) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = min((number ?? 0) * 10 + Int(byte - UInt8(ascii: "0")), 10_000_000)
            case UInt8(ascii: " "), UInt8(ascii: ":"), 9, 10, 13:
                if number != nil { return number }
            default: return number
            }
        }
        return number
    }
}

/// The size of a picture as its file says in the beginning.
enum PictureHead {
    /// Pixels of a PNG or JPEG file; nil for anything else.
    static func pixels(_ file: Bytes) -> Int? {
        let start = file.prefix(24)
        if start.starts(with: [0x89] + Array("PNG".utf8)), start.count == 24 {
            return area(integer(start[16..<20]), integer(start[20..<24]))
        }
        guard start.starts(with: [0xFF, 0xD8]) else { return nil }
        return jpeg(file)
    }

    /// Segments of a JPEG file that are looked at before the one with the size.
    private static let mostSegments = 64

    private static func jpeg(_ file: Bytes) -> Int? {
        var place = 2
        for _ in 0..<mostSegments {
            guard place + 9 <= file.count else { return nil }
            let segment = file.copy(place..<place + 9)
            guard segment[0] == 0xFF else { return nil }
            let marker = segment[1]
            // SOF0 to SOF15 without the tables DHT, JPG and DAC (ITU-T T.81, table B.1).
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                return area(integer(segment[5..<7]), integer(segment[7..<9]))
            }
            place += 2 + max(2, integer(segment[2..<4]))
        }
        return nil
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    /// More than any limit is as good as the limit.
    private static func area(_ width: Int, _ height: Int) -> Int {
        let (area, overflow) = width.multipliedReportingOverflow(by: height)
        return overflow ? 1_000_000_000 : min(area, 1_000_000_000)
    }
}
