/// Protobuf's wire format, read from a file piece by piece.
struct OnnxWire {
    package struct Field {
        package let number: Int
        /// With its key and length.
        let whole: Range<Int>
        /// What a length stands before; nil for numbers.
        let content: Range<Int>?
    }

    /// Not a message as it should be: the generated code says what is wrong.
    struct Irregular: Error {}

    package let file: WeightFile
    private var window: [UInt8] = []
    private var windowStart = 0

    private static let windowSize = 64 << 10

    init(_ file: WeightFile) {
        self.file = file
    }

    /// The field that begins at `place`, which is moved behind it; it ends before `end`.
    package mutating func field(at place: inout Int, before end: Int) throws -> Field {
        let start = place
        let key = try varint(&place, end)
        var content: Range<Int>?
        switch key & 7 {
        case 0: _ = try varint(&place, end)
        case 1: place += 8
        case 2:
            let length = try varint(&place, end)
            guard length <= UInt64(end - place) else { throw Irregular() }
            content = place..<place + Int(length)
            place += Int(length)
        case 5: place += 4
        default: throw Irregular()
        }
        guard place <= end, key >> 3 < 1 << 29 else { throw Irregular() }
        return Field(number: Int(key >> 3), whole: start..<place, content: content)
    }

    package mutating func bytes(_ range: Range<Int>) throws -> ArraySlice<UInt8> {
        if range.lowerBound >= windowStart, range.upperBound <= windowStart + window.count {
            return window[range.lowerBound - windowStart..<range.upperBound - windowStart]
        }
        return try file.bytes(range)[...]
    }

    private mutating func varint(_ place: inout Int, _ end: Int) throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard place < end else { throw Irregular() }
            let byte = try byte(place)
            place += 1
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw Irregular()
    }

    private mutating func byte(_ place: Int) throws -> UInt8 {
        if place < windowStart || place >= windowStart + window.count {
            window = try file.bytes(place..<min(place + Self.windowSize, file.size))
            windowStart = place
        }
        return window[place - windowStart]
    }
}

extension OnnxWire {
    /// Messages on the way to tensors, by ONNX's field numbers.
    enum Message {
        case model, graph, function, node, attribute, tensor

        func child(_ field: Int) -> Message? {
            switch (self, field) {
            case (.model, 7), (.attribute, 6): .graph
            case (.model, 25): .function
            case (.graph, 1), (.function, 7): .node
            case (.node, 5), (.function, 11): .attribute
            case (.graph, 5), (.attribute, 5): .tensor
            default: nil
            }
        }
    }
}
