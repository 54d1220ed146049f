import FoundationEssentials
import Glibc
import Graph

/// An ONNX file whose large tensors are left where they are: the same messages, each such tensor's data replaced by an
/// entry of its `external_data` that says where in the file it lies.
///
/// Only lengths on the way to tensors are looked at; everything else is copied, and read by the generated code.
struct OnnxOutline {
    /// The key of the entry; its value is the field's number, the first byte and how many there are.
    package static let key = "\0data"

    private var wire: OnnxWire
    /// Bytes copied so far.
    private var copied = 0

    private static let deepest = 40
    /// No network has so much beside its tensors; a file that is spoilt may have all of it there.
    private static let mostCopied = 1 << 26

    private struct TooLarge: Error {}

    /// The file's bytes, without the data of large tensors; nil if it is not made as expected.
    ///
    /// - Throws: `file` if too much is left.
    package static func read(_ file: WeightFile) throws(ModelError) -> Data? {
        var outline = OnnxOutline(wire: OnnxWire(file))
        var bytes: [UInt8] = []
        do {
            try outline.append(.model, 0..<file.size, to: &bytes, depth: 0)
        } catch is TooLarge {
            throw .file(
                name: file.name,
                reason:
                    "has more than \(mostCopied >> 20) MiB of names and small values beside its tensors"
            )
        } catch {
            guard file.size <= mostCopied else {
                throw .file(
                    name: file.name,
                    reason: "is not a valid ONNX file, or cut off: copy it again"
                )
            }
            return nil
        }
        return Data(bytes)
    }

    /// The place of a field left in the file: its number and bytes.
    package static func place(_ value: String, fileSize: Int) -> (field: Int, range: Range<Int>)? {
        let numbers = value.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 3, numbers[1] >= 0, numbers[2] >= 0, numbers[1] <= fileSize,
            numbers[2] <= fileSize - numbers[1]
        else { return nil }
        return (numbers[0], numbers[1]..<numbers[1] + numbers[2])
    }

    private init(wire: OnnxWire) {
        self.wire = wire
    }

    private mutating func append(
        _ message: OnnxWire.Message,
        _ range: Range<Int>,
        to output: inout [UInt8],
        depth: Int
    ) throws {
        // The one field of a tensor's data, where there is one: fields are not listed, as there may be millions.
        var data: Range<Int>?
        if message == .tensor {
            var count = 0
            try forEachField(in: range) { field, _ in
                guard [4, 9].contains(field.number) else { return }
                data = field.whole
                count += 1
            }
            if count != 1 { data = nil }
        }
        try forEachField(in: range) { (field, outline) in
            guard let content = field.content, content.count >= WeightFile.smallestTensor else {
                return try outline.copy(field.whole, to: &output)
            }
            if let child = message.child(field.number), depth < Self.deepest {
                var inner: [UInt8] = []
                try outline.append(child, content, to: &inner, depth: depth + 1)
                Self.append(field.number, inner, to: &output)
            } else if data == field.whole {
                let value = "\(field.number) \(content.lowerBound) \(content.count)"
                var entry: [UInt8] = []
                Self.append(1, Array(Self.key.utf8), to: &entry)
                Self.append(2, Array(value.utf8), to: &entry)
                Self.append(13, entry, to: &output)
            } else {
                try outline.copy(field.whole, to: &output)
            }
        }
    }

    private mutating func copy(_ range: Range<Int>, to output: inout [UInt8]) throws {
        copied += range.count
        guard copied <= Self.mostCopied else { throw TooLarge() }
        output += try wire.bytes(range)
    }

    private mutating func forEachField(
        in range: Range<Int>,
        _ body: (OnnxWire.Field, inout OnnxOutline) throws -> Void
    ) throws {
        var place = range.lowerBound
        while place < range.upperBound {
            let field = try wire.field(at: &place, before: range.upperBound)
            try body(field, &self)
        }
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
