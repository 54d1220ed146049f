/// Reads one JSON number as the nearest float, ties to even, and advances `cursor` past it.
///
/// nil if it is no JSON number or too large; at least 8 readable bytes, the first no digit, must follow the text.
@inline(__always)
@unsafe func parseFloat(_ cursor: inout UnsafePointer<UInt8>) -> Float? {
    let start = unsafe cursor
    guard let decimal = unsafe DecimalNumber(&cursor) else { return nil }
    // With 18 digits the significand is exact, and fits a signed word.
    if decimal.digits <= 18, let value = roundedTwice(decimal) {
        return signed(value, decimal)
    }
    return unsafe parseFloatExactly(decimal, start, cursor)
}

@inline(__always)
private func signed(_ magnitude: Float, _ decimal: DecimalNumber) -> Float {
    Float(bitPattern: magnitude.bitPattern | (decimal.isNegative ? 0x8000_0000 : 0))
}

/// The nearest float by way of a double; nil where that would have to be more exact, or leaves the normal range.
///
/// Rounding significand, power and product, the double is at most three of its units off, which can only matter
/// near the midpoint of two floats.
@inline(__always)
private func roundedTwice(_ decimal: DecimalNumber) -> Float? {
    let index = decimal.exponent &+ 22
    guard index >= 0, index < powersOfTen.count else { return nil }
    let value = Double(Int64(bitPattern: decimal.significand)) * powersOfTen[index]
    // A double has 29 more bits than a float: on the midpoint only their highest is set.
    let distance = (value.bitPattern & 0x1FFF_FFFF) &- 0x1000_0000
    guard distance &+ 4 > 8 else { return nil }
    guard value >= 0x1p-126 || decimal.significand == 0 else { return nil }
    return value < 0x1.fffffep+127 ? Float(value) : nil
}

/// From 10^-22 to 10^22.
private let powersOfTen: InlineArray<45, Double> = [
    1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9,
    1e-8,
    1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
    1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

@inline(never)
private func parseFloatExactly(
    _ decimal: DecimalNumber,
    _ start: UnsafePointer<UInt8>,
    _ end: UnsafePointer<UInt8>
) -> Float? {
    if unsafe decimal.digits <= 19 || significantDigits(start, end) <= 19 {
        if let value = eiselLemire(decimal.significand, decimal.exponent) {
            return signed(value, decimal)
        }
    }
    // SAFETY: both pointers are into the same text, in this order.
    let bytes = unsafe UnsafeBufferPointer(start: start, count: end - start)
    let value = unsafe Float(Substring(String(decoding: bytes, as: UTF8.self)))
    return value?.isFinite == true ? value : nil
}

private func significantDigits(
    _ start: UnsafePointer<UInt8>,
    _ end: UnsafePointer<UInt8>
) -> Int {
    var count = 0
    let text = unsafe Span(_unsafeStart: start, count: end - start)
    for index in text.indices {
        let byte = text[index]
        if byte | 0x20 == UInt8(ascii: "e") { break }
        let isDigit = byte &- 48 <= 9
        if isDigit && (count > 0 || byte != UInt8(ascii: "0")) { count += 1 }
    }
    return count
}

/// significand × 10^exponent as the nearest float by the method of Eisel and Lemire; nil where it cannot decide.
///
/// Follows Lemire, "Number parsing at a gigabyte per second" (2021), for binary32.
func eiselLemire(_ significand: UInt64, _ exponent: Int) -> Float? {
    if significand == 0 || exponent < PowersOfFive.range.lowerBound { return 0 }
    if exponent > PowersOfFive.range.upperBound { return nil }
    let leadingZeros = significand.leadingZeroBitCount
    let normalised = significand << UInt64(leadingZeros)
    let high = leadingProduct(normalised, exponent)

    let upperBit = Int(high.high >> 63)
    // 24 bits of the result and one to round by.
    let shift = UInt64(upperBit + 64 - 23 - 3)
    var mantissa = high.high >> shift
    // 217706 / 2^16 approximates log2(10).
    var binaryExponent = ((217706 * exponent) >> 16) + 63 + upperBit - leadingZeros + 127
    if binaryExponent <= 0 {
        return subnormal(mantissa, shiftedBy: 1 - binaryExponent)
    }
    // A tie is only possible where 5^|q| fits in the significand; then to even.
    let isTie = high.low <= 1 && mantissa & 3 == 1 && mantissa << shift == high.high
    if isTie && exponent >= -17 && exponent <= 10 { mantissa &= ~1 }
    mantissa += mantissa & 1
    mantissa >>= 1
    if mantissa >= 2 << 23 {
        mantissa = 1 << 23
        binaryExponent += 1
    }
    if binaryExponent >= 255 { return nil }
    mantissa &= ~(1 << 23)
    return Float(bitPattern: UInt32(mantissa) | UInt32(binaryExponent) << 23)
}

/// The leading 128 bits of significand × 5^exponent, as exact as the rounding needs.
private func leadingProduct(_ significand: UInt64, _ exponent: Int) -> (high: UInt64, low: UInt64) {
    let power = PowersOfFive.power(exponent)
    var (high, low) = significand.multipliedFullWidth(by: power.high)
    // Only if all bits below the 26 leading ones are set can the lower word still carry into them.
    let precisionMask = UInt64.max >> 26
    if high & precisionMask == precisionMask {
        let carry = significand.multipliedFullWidth(by: power.low).high
        let (sum, overflow) = low.addingReportingOverflow(carry)
        low = sum
        if overflow { high &+= 1 }
    }
    return (high, low)
}

private func subnormal(_ mantissa: UInt64, shiftedBy distance: Int) -> Float {
    if distance >= 64 { return 0 }
    var mantissa = mantissa >> UInt64(distance)
    mantissa += mantissa & 1
    mantissa >>= 1
    // Rounding up to 2^23 carries into the exponent: the smallest normal number.
    return Float(bitPattern: UInt32(mantissa))
}
