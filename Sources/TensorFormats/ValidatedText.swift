extension String {
    /// The text of these bytes; nil unless they are UTF-8.
    ///
    /// Of ASCII, which most texts are, faster than `init(validating:as:)`, which the standard library does not make for bytes
    /// in particular.
    init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        if unsafe bytes.isASCII {
            unsafe self.init(decoding: bytes, as: UTF8.self)
        } else {
            unsafe self.init(validating: bytes, as: UTF8.self)
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate var isASCII: Bool {
        var bits: UInt64 = 0
        var index = 0
        while index + 8 <= count {
            let word = unsafe UnsafeRawPointer(baseAddress.unsafelyUnwrapped + index)
                .loadUnaligned(as: UInt64.self)
            bits |= word
            index += 8
        }
        while index < count {
            bits |= UInt64(unsafe self[index])
            index += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }
}
