/// The header fields of a request, in the order sent.
///
/// Names and values stay bytes of the head until they are asked for; bytes that are not UTF-8
/// become U+FFFD.
public struct HeaderFields: Sendable, Sequence {
    let head: [UInt8]
    let slices: [FieldSlice]

    public var count: Int { slices.count }

    /// The value of the first field of this name, whatever its case.
    public subscript(name: String) -> String? {
        for slice in slices where slice.name.count == name.utf8.count {
            if head.span.extracting(slice.name.range).equals(caseInsensitive: name) {
                return text(slice.value)
            }
        }
        return nil
    }

    /// The values of all fields of this name, in the order sent.
    public func values(of name: String) -> [String] {
        slices.filter { slice in
            slice.name.count == name.utf8.count
                && head.span.extracting(slice.name.range).equals(caseInsensitive: name)
        }.map { text($0.value) }
    }

    public func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var remaining = slices.makeIterator()
        return AnyIterator {
            remaining.next().map { (text($0.name), text($0.value)) }
        }
    }

    private func text(_ slice: Slice) -> String {
        String(decoding: head[slice.range], as: UTF8.self)
    }
}

/// Where a part of a head lies, in bytes from its start.
struct Slice: Equatable, Sendable {
    var start: Int32 = 0
    var count: Int32 = 0

    static let none = Slice()

    init() {}

    init(_ range: Range<Int>) {
        start = Int32(truncatingIfNeeded: range.lowerBound)
        count = Int32(truncatingIfNeeded: range.count)
    }

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// The name and the trimmed value of a field line.
struct FieldSlice: Sendable {
    var name: Slice
    var value: Slice
}
