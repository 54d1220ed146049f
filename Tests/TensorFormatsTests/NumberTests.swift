import Foundation
import Glibc
import TestSupport
import Testing

@testable import TensorFormats

@Suite struct NumberTests {
    /// Texts of numbers that tell correct rounding from nearly correct rounding.
    struct Generator {
        var random: SeededGenerator

        mutating func text(_ round: Int) -> String {
            let bits = UInt32.random(in: 0..<0x7F80_0000, using: &random)
            let value = Float(bitPattern: bits)
            return switch round % 8 {
            case 0: value.description
            case 1: printed(value, digits: 9)
            case 2: printed(value, digits: 17)
            case 3: printed(midpoint(bits), digits: 17)
            case 4: printed(midpoint(bits), digits: 30)
            case 5: printed(midpoint(bits), digits: 60)
            case 6: longInteger()
            default: activation()
            }
        }

        /// Exactly between a float and the next.
        private func midpoint(_ bits: UInt32) -> Double {
            let next = Float(bitPattern: min(bits + 1, 0x7F7F_FFFF))
            return Double(Float(bitPattern: bits)) / 2 + Double(next) / 2
        }

        private mutating func longInteger() -> String {
            let count = Int.random(in: 1...30, using: &random)
            let first = Int.random(in: 1...9, using: &random)
            let rest = (1..<count).map { _ in String(Int.random(in: 0...9, using: &random)) }
            let exponent = Int.random(in: -70...(38 - count), using: &random)
            return "\(first)\(rest.joined())e\(exponent)"
        }

        private mutating func activation() -> String {
            "0." + String(Int.random(in: 1_000_000...9_999_999, using: &random)).dropFirst()
        }

        private func printed(_ value: some BinaryFloatingPoint & CVarArg, digits: Int32) -> String {
            let double = Double(value)
            return unsafe withVaList([digits, double]) { arguments in
                var buffer = [CChar](repeating: 0, count: 128)
                let count = unsafe vsnprintf(&buffer, buffer.count, "%.*g", arguments)
                return String(
                    decoding: buffer[..<Int(count)].map { UInt8(bitPattern: $0) },
                    as: UTF8.self
                )
            }
        }
    }

    /// As many as `HARD_NUMBERS` says, a few unless it does.
    private static let hardNumbers =
        ProcessInfo.processInfo.environment["HARD_NUMBERS"].flatMap { Int($0) } ?? 200_000

    @Test func `rounds hard numbers as the C library does`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = Generator(random: SeededGenerator(seed: seed))
        for first in stride(from: 0, to: Self.hardNumbers, by: 100_000) {
            let count = min(100_000, Self.hardNumbers - first)
            try compare(
                (first..<first + count).map { round in
                    (round % 3 == 0 ? "-" : "") + generator.text(round)
                }
            )
        }
    }

    private func compare(_ texts: [String]) throws {
        let expected = texts.map { unsafe strtof($0, nil) }
        var reader = JSONReader(Array("[\(texts.joined(separator: ","))]".utf8))
        let tensor = try reader.tensor(limit: texts.count)
        #expect(tensor.shape == [texts.count])
        let wrong = texts.indices.filter {
            tensor.values[$0].bitPattern != expected[$0].bitPattern
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5).map { texts[$0] })")
    }

    @Test func `Eisel and Lemire alone agree with the C library`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var decided = 0
        for _ in 0..<50_000 {
            let significand =
                UInt64.random(in: 0 ... .max, using: &random)
                >> UInt64.random(in: 0..<64, using: &random)
            let exponent = Int.random(in: -70...25, using: &random)
            guard let value = eiselLemire(significand, exponent) else { continue }
            decided += 1
            let expected = unsafe strtof("\(significand)e\(exponent)", nil)
            #expect(value.bitPattern == expected.bitPattern, "\(significand)e\(exponent)")
        }
        #expect(decided > 40_000)
    }

    @Test func `the table of powers of five is exact`() {
        for exponent in PowersOfFive.range {
            let power = PowersOfFive.power(exponent)
            let stored = UInt128(power.high) << 64 | UInt128(power.low)
            #expect(stored.leadingZeroBitCount == 0)
            if exponent >= 0 {
                let exact = (0..<exponent).reduce(UInt128(1)) { product, _ in product * 5 }
                #expect(stored == exact << UInt128(exact.leadingZeroBitCount), "5^\(exponent)")
            } else if exponent >= -54 {
                // 2^(127 + bits) / 5^-exponent, the numerator's bits brought down one by one.
                let divisor = (0 ..< -exponent).reduce(UInt128(1)) { product, _ in product * 5 }
                var (quotient, remainder) = (UInt128(0), UInt128(1))
                for _ in 0..<(127 + 128 - divisor.leadingZeroBitCount) {
                    let doubled = remainder << 1
                    remainder = doubled >= divisor ? doubled - divisor : doubled
                    quotient = quotient << 1 | (doubled >= divisor ? 1 : 0)
                }
                #expect(stored == quotient + (exponent >= -27 ? 1 : 0), "5^\(exponent)")
            }
        }
    }

    static let edges: [(text: String, bits: UInt32)] = [
        ("0", 0), ("-0", 0x8000_0000), ("0.0", 0), ("-0e9", 0x8000_0000), ("1", 0x3F80_0000),
        ("1e-45", 1), ("7e-46", 0), ("7.1e-46", 1), ("1e-400", 0), ("-1e-99999999999", 0x8000_0000),
        ("3.4028235e38", 0x7F7F_FFFF), ("3.4028235677973367e38", 0x7F80_0000),
        ("3.40282356779733e38", 0x7F7F_FFFF), ("1.17549435e-38", 0x0080_0000),
        ("1.1754942e-38", 0x007F_FFFF), ("16777217", 0x4B80_0000), ("16777219", 0x4B80_0002),
        ("0.000000000000000000000000000000000000000000000000000000000001e60", 0x3F80_0000),
        ("100000000000000000000000000000000000000e-38", 0x3F80_0000), ("1E+2", 0x42C8_0000),
    ]

    @Test(arguments: edges)
    func `reads the edges of the range`(text: String, bits: UInt32) throws {
        var reader = JSONReader(Array(text.utf8))
        if bits == 0x7F80_0000 {
            let error = #expect(throws: JSONError.self) { try reader.float() }
            #expect(error?.description.contains("does not fit") == true)
        } else {
            #expect(try reader.float().bitPattern == bits)
            try reader.end()
        }
    }

    @Test func `what is written reads back to the same bits`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let values = (0..<60_000).map { _ in
            Float(bitPattern: UInt32.random(in: 0 ... .max, using: &random))
        }.filter(\.isFinite)
        let shape = [2, values.count / 4, 2]
        let used = Array(values.prefix(shape.reduce(1, *)))
        var writer = JSONWriter()
        try writer.tensor(shape: shape, values: used.span)
        var reader = JSONReader(writer.bytes)
        let tensor = try reader.tensor(limit: used.count)
        try reader.end()
        #expect(tensor.shape == shape)
        #expect(tensor.values.map(\.bitPattern) == used.map(\.bitPattern))
    }

    @Test func `floats are printed with the digits of their description`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        // Around every power of two, and at both ends of each binade.
        let edges = (0..<255).flatMap { exponent in
            [0, 1, 2, 3, 0x3F_FFFF, 0x40_0000, 0x7F_FFFE, 0x7F_FFFF].map { exponent << 23 | $0 }
        }.map { Float(bitPattern: $0) }
        let powersOfTen = (-45...38).flatMap { exponent -> [Float] in
            let power = Float("1e\(exponent)") ?? 0
            return [power.nextDown, power, power.nextUp]
        }
        let whole = (0...2000).map { Float($0) } + (0...50).map { Float(16_777_200 + $0) }
        try comparePrinting(edges + powersOfTen + whole)
        for first in stride(from: 0, to: Self.hardNumbers, by: 100_000) {
            try comparePrinting(
                (first..<min(first + 100_000, Self.hardNumbers)).map { round in
                    let bits = UInt32.random(in: 0..<0x7F80_0000, using: &random)
                    // Every third as activations are: of few powers of two.
                    return Float(bitPattern: round % 3 == 0 ? 0x3800_0000 | bits >> 5 : bits)
                }
            )
        }
    }

    private func comparePrinting(_ magnitudes: [Float]) throws {
        let values = magnitudes.indices.map { magnitudes[$0] * ($0 % 2 == 0 ? 1 : -1) }
        var writer = JSONWriter()
        try writer.array(of: values.span)
        let texts = String(decoding: writer.bytes.dropFirst().dropLast(), as: UTF8.self)
            .split(separator: ",")
        #expect(texts.count == values.count)
        let wrong = zip(texts, values).filter { $0 != $1.description }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }
}
