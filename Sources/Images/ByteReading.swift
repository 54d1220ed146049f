// Checked reads of numbers in file headers: nil past the end, whatever the offset.
extension RawSpan {
    func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        // SAFETY: the offset was just checked, and every bit pattern is a byte.
        return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    func bigEndian16(at offset: Int) -> Int? {
        guard offset >= 0, offset <= byteCount - 2 else { return nil }
        // SAFETY: both bytes were just checked to be inside.
        return Int(
            UInt16(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
        )
    }

    func bigEndian32(at offset: Int) -> Int? {
        guard offset >= 0, offset <= byteCount - 4 else { return nil }
        // SAFETY: all four bytes were just checked to be inside.
        return Int(
            UInt32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
        )
    }

    func starts(with prefix: [UInt8]) -> Bool {
        guard byteCount >= prefix.count else { return false }
        return prefix.indices.allSatisfy { byte(at: $0) == prefix[$0] }
    }

    /// The bytes of a range that lies inside.
    func bytes(_ range: Range<Int>) -> [UInt8] {
        // SAFETY: `extracting` checks the range, and the pointer does not leave the closure.
        unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
    }
}
