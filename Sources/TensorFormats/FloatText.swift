/// Writes floats in the form of their description: 0.25, 1.0, 16777216.0, 1e-05, 1.6777218e+07.
enum FloatText {
    /// Bytes that must be writable where a text begins.
    static let room = 32

    /// Writes a finite value and returns the length of its text, at most 15 bytes.
    @inline(__always)
    @unsafe static func write(_ value: Float, to start: UnsafeMutablePointer<UInt8>) -> Int {
        let digits = NineDigits(ShortestDecimal(value))
        let isNegative = value.sign == .minus
        unsafe start.pointee = UInt8(ascii: "-")
        let text = unsafe UnsafeMutableRawPointer(start) + (isNegative ? 1 : 0)
        let length =
            if digits.point <= 0, digits.point > -4 {
                unsafe writeFraction(digits, to: text)
            } else if digits.point > 0, value.magnitude <= 0x1p24 {
                unsafe writeMixed(digits, to: text)
            } else {
                unsafe writeScientific(digits, to: text)
            }
        return length + (isNegative ? 1 : 0)
    }

    /// Writes 0.00ddd.
    @inline(__always)
    @unsafe private static func writeFraction(
        _ digits: NineDigits,
        to text: UnsafeMutableRawPointer
    ) -> Int {
        // "0.000000"
        unsafe store(0x3030_3030_3030_2E30, to: text)
        let first = 2 - digits.point
        unsafe text.storeBytes(of: digits.first, toByteOffset: first, as: UInt8.self)
        unsafe store(digits.rest, to: text + first + 1)
        return first + digits.count
    }

    /// Writes ddd.ddd.
    @inline(__always)
    @unsafe private static func writeMixed(
        _ digits: NineDigits,
        to text: UnsafeMutableRawPointer
    ) -> Int {
        unsafe text.storeBytes(of: digits.first, as: UInt8.self)
        unsafe store(digits.rest, to: text + 1)
        unsafe text.storeBytes(of: UInt8(ascii: "."), toByteOffset: digits.point, as: UInt8.self)
        unsafe store(digits.rest >> UInt64(8 * (digits.point - 1)), to: text + digits.point + 1)
        return max(digits.count, digits.point + 1) + 1
    }

    /// Writes d.ddde±dd.
    @inline(never)
    @unsafe private static func writeScientific(
        _ digits: NineDigits,
        to text: UnsafeMutableRawPointer
    ) -> Int {
        unsafe text.storeBytes(of: digits.first, as: UInt8.self)
        unsafe text.storeBytes(of: UInt8(ascii: "."), toByteOffset: 1, as: UInt8.self)
        unsafe store(digits.rest, to: text + 2)
        let length = digits.count == 1 ? 1 : digits.count + 1
        let exponent = digits.point - 1
        let magnitude = UInt8(exponent.magnitude)
        let sign = exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+")
        let end = unsafe text + length
        unsafe end.storeBytes(of: UInt8(ascii: "e"), as: UInt8.self)
        unsafe end.storeBytes(of: sign, toByteOffset: 1, as: UInt8.self)
        unsafe end.storeBytes(of: magnitude / 10 + 48, toByteOffset: 2, as: UInt8.self)
        unsafe end.storeBytes(of: magnitude % 10 + 48, toByteOffset: 3, as: UInt8.self)
        return length + 4
    }

    @inline(__always)
    @unsafe private static func store(_ word: UInt64, to place: UnsafeMutableRawPointer) {
        unsafe place.storeBytes(of: word.littleEndian, as: UInt64.self)
    }
}

/// A decimal number as 0.d₁d₂…d₉ × 10^point, its digits in ASCII.
private struct NineDigits {
    let first: UInt8
    /// d₂ to d₉, d₂ in the lowest byte.
    let rest: UInt64
    /// Digits without the zeros at the end, at least one.
    let count: Int
    let point: Int

    @inline(__always)
    init(_ decimal: ShortestDecimal) {
        let significand = decimal.significand
        // 1233 / 2^12 approximates log10(2).
        let atLeast = ((32 - significand.leadingZeroBitCount) * 1233) >> 12
        let length = atLeast + (significand >= powersOfTen[atLeast] ? 1 : 0)
        let aligned = significand * powersOfTen[9 - length]
        let eight = aligned % 100_000_000
        let digits = Self.eightDigits(eight)
        first = 48 + UInt8(truncatingIfNeeded: aligned / 100_000_000)
        rest = digits | 0x3030_3030_3030_3030
        count = 9 - digits.leadingZeroBitCount / 8
        point = length + decimal.exponent
    }

    /// Splits fours, then pairs, then digits, side by side in one register.
    @inline(__always)
    private static func eightDigits(_ value: UInt32) -> UInt64 {
        let fours = UInt64(value / 10_000) | UInt64(value % 10_000) << 32
        // 10486 / 2^20 and 103 / 2^10 divide such small numbers by 100 and 10.
        let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let pairs = (fours &- 100 &* hundreds) << 16 | hundreds
        let tens = (pairs &* 103) >> 10 & 0x000F_000F_000F_000F
        return (pairs &- 10 &* tens) << 8 | tens
    }
}

private let powersOfTen: InlineArray<10, UInt32> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
]
