/// Floats of 16 bits: what a decimal number is rounded to, and what is too large.
public struct ShortFloat: Sendable {
    /// IEEE 754's binary16, FP16.
    public static let half = ShortFloat(
        name: "a 16-bit float",
        bits: 10,
        leastExponent: -14,
        largest: 65504
    )
    /// The upper half of binary32, BF16.
    public static let brain = ShortFloat(
        name: "a 16-bit brain float",
        bits: 7,
        leastExponent: -126,
        largest: 0x1.FEp127
    )

    let name: String
    /// Of the significand, after the point.
    let bits: Int
    /// Of the least normal number; below it the distances stay the same.
    let leastExponent: Int
    let largest: Double

    /// The nearest of these floats to the number that `text` says and `value` is nearest to, ties to even; nil beyond the
    /// largest.
    ///
    /// What lies in the middle of two of these is a float of 32 bits itself: so only if `value` is such a middle can the
    /// text be on its other side.
    func rounded(_ value: Float, _ text: () -> [UInt8]) -> Float? {
        let magnitude = Double(value.magnitude)
        let exponent = max(Int(magnitude.exponent), leastExponent) - bits
        let unit = Double(sign: .plus, exponent: exponent, significand: 1)
        // Both steps are exact: powers of two, far from the ends of doubles.
        let steps = magnitude / unit
        var whole = steps.rounded(.down)
        let rest = steps - whole
        if rest == 0.5 {
            let middle = ExactDecimal(UInt64(2 * whole + 1), timesTwoTo: exponent - 1)
            let exact = ExactDecimal(text())
            if exact == middle {
                whole = steps.rounded(.toNearestOrEven)
            } else if middle < exact {
                whole += 1
            }
        } else if rest > 0.5 {
            whole += 1
        }
        let result = whole * unit
        guard result <= largest else { return nil }
        return value.sign == .minus ? -Float(result) : Float(result)
    }
}

extension JSONReader {
    /// Reads nested or flat numbers as the nearest floats of 16 bits; refuses what is too large for one.
    public mutating func shortFloats(
        _ format: ShortFloat,
        limit: Int
    ) throws(JSONError) -> JSONElements<Float> {
        try elements("numbers", limit: limit) { (reader) throws(JSONError) in
            try reader.shortFloat(format)
        }
    }

    /// Reads a number as the nearest float of 16 bits; refuses what is too large for one.
    public mutating func shortFloat(_ format: ShortFloat) throws(JSONError) -> Float {
        if let value = nonFinite() { return Float(value) }
        try expectNumber("a number")
        var place = unsafe cursor
        guard let value = unsafe parseFloat(&place) else { throw numberError(type: format.name) }
        // SAFETY: the scan ended inside the text.
        let text = unsafe UnsafeBufferPointer(start: cursor, count: place - cursor)
        guard let rounded = format.rounded(value, { unsafe Array(text) }) else {
            throw .numberOutOfRange(token, type: format.name, at: position)
        }
        unsafe cursor = place
        try checkEndOfNumber()
        return rounded
    }
}

/// A positive decimal number, exactly: 0.d₁d₂… × 10^point, its first and last digit not 0.
struct ExactDecimal: Equatable, Comparable {
    private let digits: [UInt8]
    private let point: Int

    /// significand × 2^exponent.
    init(_ significand: UInt64, timesTwoTo exponent: Int) {
        // 2^-n is 5^n / 10^n.
        let digits = Self.product(significand, exponent < 0 ? 5 : 2, Int(exponent.magnitude))
        self.init(digits: digits, point: digits.count + min(exponent, 0))
    }

    /// The magnitude of a number of JSON's grammar.
    init(_ text: [UInt8]) {
        var (digits, point, exponent) = ([UInt8](), Int?.none, 0)
        for (index, byte) in text.enumerated() {
            if byte | 0x20 == UInt8(ascii: "e") {
                let rest = String(decoding: text[(index + 1)...], as: UTF8.self)
                // What does not fit is far from any number of interest.
                exponent = Int(rest) ?? (rest.hasPrefix("-") ? -1 << 40 : 1 << 40)
                break
            } else if byte == UInt8(ascii: ".") {
                point = digits.count
            } else if byte != UInt8(ascii: "-") {
                digits.append(byte - UInt8(ascii: "0"))
            }
        }
        let clamped = max(-1 << 40, min(exponent, 1 << 40))
        self.init(digits: digits, point: (point ?? digits.count) + clamped)
    }

    private init(digits: [UInt8], point: Int) {
        let zeros = digits.prefix { $0 == 0 }.count
        var rest = digits.dropFirst(zeros)
        while rest.last == 0 { rest.removeLast() }
        self.digits = Array(rest)
        self.point = point - zeros
    }

    static func < (first: Self, second: Self) -> Bool {
        if first.digits.isEmpty || second.digits.isEmpty {
            return first.digits.isEmpty && !second.digits.isEmpty
        }
        if first.point != second.point { return first.point < second.point }
        return first.digits.lexicographicallyPrecedes(second.digits)
    }

    /// The digits of number × base^count.
    private static func product(_ number: UInt64, _ base: UInt64, _ count: Int) -> [UInt8] {
        // Groups of nine digits, the lowest first; a dozen factors at once still fit a word with a carry.
        let group: UInt64 = 1_000_000_000
        var groups: [UInt64] = [number % group, number / group % group, number / group / group]
        var left = count
        while left > 0 {
            let step = min(left, 12)
            let factor = (0..<step).reduce(UInt64(1)) { power, _ in power * base }
            var carry: UInt64 = 0
            for index in groups.indices {
                let value = groups[index] * factor + carry
                groups[index] = value % group
                carry = value / group
            }
            while carry > 0 {
                groups.append(carry % group)
                carry /= group
            }
            left -= step
        }
        return groups.reversed().flatMap { value in
            (0..<9).map { place in
                UInt8(value / (0..<(8 - place)).reduce(UInt64(1)) { power, _ in power * 10 } % 10)
            }
        }
    }
}
