/// One part of a form.
public struct MultipartPart: Sendable, Equatable {
    /// The field's name.
    public var name: String
    public var filename: String?
    public var contentType: String?
    /// Where the part's bytes are in the body.
    public var range: Range<Int>
}

/// Why a body is not a form that can be read.
public enum MultipartError: Error, Equatable, Sendable {
    case notFormData
    case invalidBoundary
    case noParts
    case truncated
    case tooManyParts(limit: Int)
    case headerTooLarge(part: Int, limit: Int)
    case invalidHeader(part: Int, reason: String)
    case missingName(part: Int)
}

extension MultipartError: CustomStringConvertible {
    /// A sentence a client can act on; parts are counted from 1.
    public var description: String {
        switch self {
        case .notFormData:
            "The Content-Type is not multipart/form-data with a boundary."
        case .invalidBoundary:
            "The multipart boundary must be 1 to 70 characters that a boundary may have."
        case .noParts:
            "The form has no parts, or its boundary is not the one in the Content-Type."
        case .truncated:
            "The form is cut off: its closing boundary is missing."
        case .tooManyParts(let limit):
            "The form has more than \(limit) parts."
        case .headerTooLarge(let part, let limit):
            "The header of part \(part + 1) of the form is longer than \(limit) bytes."
        case .invalidHeader(let part, let reason):
            "The header of part \(part + 1) of the form is not valid: \(reason)."
        case .missingName(let part):
            "Part \(part + 1) of the form has no name."
        }
    }
}

/// Reads multipart/form-data (RFC 7578).
public struct MultipartReader: Sendable {
    public var maximumParts = 64
    /// For each part.
    public var maximumHeaderBytes = 4096
    public let boundary: String

    /// A reader for the boundary named in a Content-Type field's value.
    public init(contentType: String) throws(MultipartError) {
        guard let field = HeaderValue(contentType),
            field.value.lowercased() == "multipart/form-data",
            let boundary = field.parameters["boundary"]
        else { throw .notFormData }
        // RFC 2046 section 5.1.1: bchars, no space at the end.
        let marks = Set("'()+_,-./:=? ".utf8)
        let isValid = boundary.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                || marks.contains(byte)
        }
        guard isValid, (1...70).contains(boundary.utf8.count), !boundary.hasSuffix(" ") else {
            throw .invalidBoundary
        }
        self.boundary = boundary
    }

    /// The parts in order; what stands before the first and after the last boundary is ignored.
    public func parts(of body: RawSpan) throws(MultipartError) -> [MultipartPart] {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        var parts: [MultipartPart] = []
        guard var mark = firstMark(delimiter, in: body) else { throw .noParts }
        while case .part(let header) = mark {
            guard parts.count < maximumParts else { throw .tooManyParts(limit: maximumParts) }
            let content = try endOfHeader(in: body, from: header, part: parts.count)
            guard let next = nextMark(delimiter, in: body, from: content) else { throw .truncated }
            let range = content..<next.offset
            let lines = body.bytes(header..<max(header, content - 4))
            parts.append(try part(lines, number: parts.count, range: range))
            mark = next.mark
        }
        guard !parts.isEmpty else { throw .noParts }
        return parts
    }

    /// What a boundary announces.
    private enum Mark {
        /// A part whose header begins at this offset.
        case part(header: Int)
        case end
    }

    private func firstMark(_ delimiter: [UInt8], in body: RawSpan) -> Mark? {
        // At the very beginning no line end comes before it.
        let opening = Array(delimiter.dropFirst(2))
        if body.starts(with: opening), let mark = mark(in: body, at: opening.count) { return mark }
        return nextMark(delimiter, in: body, from: 0)?.mark
    }

    /// The next boundary that is a whole line, and where the content before it ends.
    private func nextMark(
        _ delimiter: [UInt8],
        in body: RawSpan,
        from start: Int
    ) -> (offset: Int, mark: Mark)? {
        var offset = start
        while let found = body.firstOffset(of: delimiter, from: offset) {
            if let mark = mark(in: body, at: found + delimiter.count) { return (found, mark) }
            offset = found + 2
        }
        return nil
    }

    private func mark(in body: RawSpan, at end: Int) -> Mark? {
        if body.starts(with: Array("--".utf8), at: end) { return .end }
        var offset = end
        // RFC 2046 section 5.1.1: gateways may pad the line with white space.
        while let byte = body.byte(at: offset), byte == 0x20 || byte == 0x09 { offset += 1 }
        return body.starts(with: [0x0D, 0x0A], at: offset) ? .part(header: offset + 2) : nil
    }

    /// Where the content begins: after the empty line.
    private func endOfHeader(
        in body: RawSpan,
        from header: Int,
        part: Int
    ) throws(MultipartError) -> Int {
        if body.starts(with: [0x0D, 0x0A], at: header) { throw .missingName(part: part) }
        let window = body.extracting(0..<min(body.byteCount, header + maximumHeaderBytes))
        if let end = window.firstOffset(of: [0x0D, 0x0A, 0x0D, 0x0A], from: header) {
            return end + 4
        }
        if body.byteCount > header + maximumHeaderBytes {
            throw .headerTooLarge(part: part, limit: maximumHeaderBytes)
        }
        throw .truncated
    }
}
