import HTTP
import TensorFormats

extension Bytes {
    /// The first bytes, at most `count`.
    func prefix(_ count: Int) -> [UInt8] {
        copy(0..<min(count, self.count))
    }

    /// The bytes in an array of their own.
    func copy(_ range: Range<Int>) -> [UInt8] {
        // SAFETY: the pointer does not leave the closure.
        unsafe withUnsafeBytes { unsafe Array($0[range]) }
    }

    /// Reads a JSON document in place; other protocols' clients send NaN and infinities in it.
    func readJSON<Document>(
        allowsNonFinite: Bool = false,
        _ read: (inout JSONReader) throws(ServiceError) -> Document
    ) throws(ServiceError) -> Document {
        // SAFETY: the body outlives the closure and is followed by zero bytes.
        try unsafe withUnsafeBytes { (buffer) throws(ServiceError) -> Document in
            var reader = unsafe JSONReader(withSlackAfter: buffer)
            reader.allowsNonFinite = allowsNonFinite
            let document = try read(&reader)
            do throws(JSONError) { try reader.end() } catch { throw .json(error) }
            return document
        }
    }
}
