import Glibc

// Checked reads from binary formats: nil past the end, whatever the offset.
extension RawSpan {
    func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        // SAFETY: the offset was just checked, and every bit pattern is a byte.
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    func starts(with prefix: [UInt8], at offset: Int = 0) -> Bool {
        guard offset >= 0, byteCount - offset >= prefix.count else { return false }
        return prefix.indices.allSatisfy { byte(at: offset + $0) == prefix[$0] }
    }

    /// The bytes of a range that lies inside.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        // SAFETY: `extracting` checks the range, and the pointer does not leave the closure.
        unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
    }

    /// Where `pattern`, which is not empty, first occurs at or after an offset inside.
    func firstOffset(of pattern: [UInt8], from offset: Int) -> Int? {
        var offset = offset
        while let candidate = firstOffset(of: pattern[0], from: offset) {
            if starts(with: pattern, at: candidate) { return candidate }
            offset = candidate + 1
        }
        return nil
    }

    private func firstOffset(of byte: UInt8, from offset: Int) -> Int? {
        // SAFETY: memchr reads the given length only, and no pointer leaves the closure.
        unsafe extracting(offset..<byteCount).withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress,
                let found = unsafe memchr(start, Int32(byte), bytes.count)
            else { return nil }
            return unsafe offset + (UnsafeRawPointer(found) - start)
        }
    }

    /// A fixed-width integer stored in either byte order, at an offset that lies inside.
    func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int,
        as type: Value.Type,
        isBigEndian: Bool
    ) -> Value? {
        guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else { return nil }
        // SAFETY: the range was just checked, and every bit pattern is an integer.
        let stored = unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type)
        return isBigEndian ? Value(bigEndian: stored) : Value(littleEndian: stored)
    }
}
