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
    case missingBoundary
    case invalidBoundary
    case noParts
    case truncated
    case tooManyParts(limit: Int)
    case headerTooLarge(limit: Int)
    case invalidHeader(part: Int, reason: String)
    case missingName(part: Int)
}

/// Reads multipart/form-data (RFC 7578).
public struct MultipartReader: Sendable {
    public var maximumParts = 64
    public var maximumHeaderBytes = 4096
    public let boundary: String

    /// A reader for the boundary named in a Content-Type field's value.
    public init(contentType: String) throws(MultipartError) {
        throw .missingBoundary
    }

    /// The parts in order.
    public func parts(of body: RawSpan) throws(MultipartError) -> [MultipartPart] { throw .noParts }
}
