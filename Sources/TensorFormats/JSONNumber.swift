/// A decimal number as scanned: ± significand × 10^exponent.
struct DecimalNumber {
    var isNegative = false
    /// Wrapped around if there are more than 19 significant digits.
    var significand: UInt64 = 0
    var exponent = 0
    /// All digits before the exponent, leading zeros included.
    var digits = 0
    var isInteger = true

    /// Scans one number of JSON's grammar and advances `cursor` past it; nil if it is none.
    ///
    /// At least 8 bytes after the text must be readable, and the first of them no digit.
    @inline(__always)
    @unsafe init?(_ cursor: inout UnsafePointer<UInt8>) {
        isNegative = unsafe cursor.pointee == UInt8(ascii: "-")
        unsafe cursor += isNegative ? 1 : 0
        let first = unsafe cursor
        var digit = unsafe cursor.pointee &- 48
        if digit > 9 { return nil }
        if digit == 0 {
            unsafe cursor += 1
            if unsafe cursor.pointee &- 48 <= 9 { return nil }
        } else {
            repeat {
                significand = significand &* 10 &+ UInt64(digit)
                unsafe cursor += 1
                digit = unsafe cursor.pointee &- 48
            } while digit <= 9
        }
        digits = unsafe cursor - first
        if unsafe cursor.pointee == UInt8(ascii: ".") {
            guard unsafe scanFraction(&cursor) else { return nil }
        }
        if unsafe cursor.pointee | 0x20 == UInt8(ascii: "e") {
            guard unsafe scanExponent(&cursor) else { return nil }
        }
    }

    @inline(__always)
    private mutating func scanFraction(_ cursor: inout UnsafePointer<UInt8>) -> Bool {
        unsafe cursor += 1
        isInteger = false
        let first = unsafe cursor
        var run: Int
        repeat {
            let word = unsafe UInt64(
                littleEndian: UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self)
            )
            run = leadingDigits(word)
            significand = significand &* wholePowersOfTen[run] &+ valueOfDigits(word, count: run)
            unsafe cursor += run
        } while run == 8
        let count = unsafe cursor - first
        exponent = -count
        digits += count
        return count > 0
    }

    @inline(__always)
    private mutating func scanExponent(_ cursor: inout UnsafePointer<UInt8>) -> Bool {
        unsafe cursor += 1
        isInteger = false
        let isNegative = unsafe cursor.pointee == UInt8(ascii: "-")
        if unsafe isNegative || cursor.pointee == UInt8(ascii: "+") { unsafe cursor += 1 }
        var digit = unsafe cursor.pointee &- 48
        if digit > 9 { return false }
        var value = 0
        repeat {
            // Beyond this only zero and infinity are left, whatever the significand.
            if value < 1_000_000_000 { value = value * 10 + Int(digit) }
            unsafe cursor += 1
            digit = unsafe cursor.pointee &- 48
        } while digit <= 9
        exponent += isNegative ? -value : value
        return true
    }
}

private let wholePowersOfTen: InlineArray<9, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
]

/// How many of eight bytes of ASCII, the first in the lowest place, are digits before the first that is none.
@inline(__always)
private func leadingDigits(_ word: UInt64) -> Int {
    let high: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
    // Only a digit has 3 above, and still has it when 6 is added; what a byte carries, it carries upward.
    let others =
        (word ^ 0x3030_3030_3030_3030) | ((word &+ 0x0606_0606_0606_0606) ^ 0x3030_3030_3030_3030)
    return (others & high).trailingZeroBitCount / 8
}

/// Adds neighbouring digits, then pairs, then fours, within one register.
@inline(__always)
private func valueOfDigits(_ word: UInt64, count: Int) -> UInt64 {
    // The digits move to the upper bytes, zeros come in below, which are the leading ones.
    var value = (word & 0x0F0F_0F0F_0F0F_0F0F) << UInt64(64 - 8 * count)
    value = (value &* 10) &+ (value >> 8)
    let mask: UInt64 = 0x0000_00FF_0000_00FF
    let fours = (value & mask) &* (100 + (1_000_000 << 32))
    let rest = ((value >> 16) & mask) &* (1 + (10_000 << 32))
    return (fours &+ rest) >> 32
}
