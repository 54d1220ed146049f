import HTTP
import TensorFormats

#if canImport(Glibc)
import Glibc
#endif

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

    /// The bytes as UTF-8; nil where they are none.
    var text: String? {
        // SAFETY: the pointer does not leave the closure.
        unsafe withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
    }

    /// Where a word that begins with a quote first stands in the first `length` bytes.
    func firstRange(of word: StaticString, within length: Int) -> Range<Int>? {
        // SAFETY: only bytes before `length` are read, of which there are as many, and the pointers stay here.
        unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, length <= bytes.count else { return nil }
            var place = unsafe start
            let (end, size) = unsafe (start + length, word.utf8CodeUnitCount)
            while unsafe end - place >= size,
                let found = unsafe memchr(place, Int32(UInt8(ascii: "\"")), end - place)
            {
                let quote = UnsafeRawPointer(found)
                if unsafe end - quote < size { return nil }
                if unsafe memcmp(quote, word.utf8Start, size) == 0 {
                    let offset = unsafe quote - start
                    return offset..<offset + size
                }
                unsafe place = unsafe quote + 1
            }
            return nil
        }
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
