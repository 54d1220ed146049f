import Foundation

/// An ONNX file whose large tensors are left where they are: the same messages, each such tensor's data replaced by an
/// entry of its `external_data` that says where in the file it lies.
///
/// Only lengths on the way to tensors are looked at; everything else is copied, and read by the generated code.
struct OnnxOutline {
    /// The key of the entry; its value is the field's number, the first byte and how many there are.
    static let key = "\0data"

    private let file: WeightFile
    private var window: [UInt8] = []
    private var windowStart = 0

    private static let windowSize = 64 << 10
    private static let deepest = 40

    /// The file's bytes, without the data of large tensors; nil if it is not made as expected.
    static func read(_ file: WeightFile) -> Data? {
        var outline = OnnxOutline(file: file)
        var bytes: [UInt8] = []
        guard
            (try? outline.append(.model, 0..<file.size, to: &bytes, depth: 0)) != nil
        else { return nil }
        return Data(bytes)
    }

    /// The place of a field left in the file: its number and bytes.
    static func place(_ value: String, fileSize: Int) -> (field: Int, range: Range<Int>)? {
        let numbers = value.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 3, numbers[1] >= 0, numbers[2] >= 0, numbers[1] <= fileSize,
            numbers[2] <= fileSize - numbers[1]
        else { return nil }
        return (numbers[0], numbers[1]..<numbers[1] + numbers[2])
    }

    private init(file: WeightFile) {
        self.file = file
    }

    /// Messages on the way to tensors, by ONNX's field numbers.
    private enum Message {
        case model, graph, function, node, attribute, tensor

        func child(_ field: Int) -> Message? {
            switch (self, field) {
            case (.model, 7), (.attribute, 6): .graph
            case (.model, 25): .function
            case (.graph, 1), (.function, 7): .node
            case (.node, 5): .attribute
            case (.graph, 5), (.attribute, 5): .tensor
            default: nil
            }
        }
    }

    private struct Field {
        let number: Int
        /// With its key and length.
        let whole: Range<Int>
        /// What a length stands before; nil for numbers.
        let content: Range<Int>?
    }

    /// Not a message as it should be: the generated code says what is wrong.
    private struct Irregular: Error {}

    private mutating func append(
        _ message: Message,
        _ range: Range<Int>,
        to output: inout [UInt8],
        depth: Int
    ) throws {
        let fields = try fields(in: range)
        let data = fields.filter { message == .tensor && [4, 9].contains($0.number) }
        for field in fields {
            guard let content = field.content, content.count >= WeightFile.smallestTensor else {
                output += try bytes(field.whole)
                continue
            }
            if let child = message.child(field.number), depth < Self.deepest {
                var inner: [UInt8] = []
                try append(child, content, to: &inner, depth: depth + 1)
                Self.append(field.number, inner, to: &output)
            } else if data.count == 1, data[0].whole == field.whole {
                let value = "\(field.number) \(content.lowerBound) \(content.count)"
                var entry: [UInt8] = []
                Self.append(1, Array(Self.key.utf8), to: &entry)
                Self.append(2, Array(value.utf8), to: &entry)
                Self.append(13, entry, to: &output)
            } else {
                output += try bytes(field.whole)
            }
        }
    }

    private mutating func fields(in range: Range<Int>) throws -> [Field] {
        var fields: [Field] = []
        var place = range.lowerBound
        while place < range.upperBound {
            let start = place
            let key = try varint(&place, range.upperBound)
            var content: Range<Int>?
            switch key & 7 {
            case 0: _ = try varint(&place, range.upperBound)
            case 1: place += 8
            case 2:
                let length = try varint(&place, range.upperBound)
                guard length <= UInt64(range.upperBound - place) else { throw Irregular() }
                content = place..<place + Int(length)
                place += Int(length)
            case 5: place += 4
            default: throw Irregular()
            }
            guard place <= range.upperBound, key >> 3 < 1 << 29 else { throw Irregular() }
            fields.append(Field(number: Int(key >> 3), whole: start..<place, content: content))
        }
        return fields
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

    private mutating func bytes(_ range: Range<Int>) throws -> ArraySlice<UInt8> {
        if range.lowerBound >= windowStart, range.upperBound <= windowStart + window.count {
            return window[range.lowerBound - windowStart..<range.upperBound - windowStart]
        }
        return try file.bytes(range)[...]
    }

    /// A field with a length, in protobuf's wire format.
    private static func append(_ number: Int, _ content: [UInt8], to output: inout [UInt8]) {
        func append(varint value: Int) {
            var rest = UInt64(value)
            while rest >= 0x80 {
                output.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            output.append(UInt8(rest))
        }
        append(varint: number << 3 | 2)
        append(varint: content.count)
        output += content
    }
}
