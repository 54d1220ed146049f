import CZlib
import TestSupport
import Testing

@testable import HTTP

@Suite struct BodyCoderTests {
    private let coder = BodyCoder()

    private func packed(_ bytes: [UInt8], _ coding: ContentCoding = .gzip) throws -> [UInt8] {
        try #require(coder.encode(bytes, coding))
    }

    private func unpacked(
        _ bytes: [UInt8],
        _ coding: ContentCoding = .gzip,
        limit: Int = 1 << 30
    ) throws(ContentCodingError) -> [UInt8] {
        [UInt8](try coder.decode(Bytes(bytes), coding, limit: limit))
    }

    @Test(arguments: [ContentCoding.gzip, .deflate], [0, 1, 100, 65_535, 65_536, 65_537, 400_000])
    func `what is packed unpacks to the same bytes`(coding: ContentCoding, count: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<count).map { _ in UInt8.random(in: 48..<58, using: &random) }
        // Twice: the second time with streams that were used before.
        for _ in 0..<2 {
            let small = try packed(bytes, coding)
            if count > 100 { #expect(small.count < count) }
            #expect(try unpacked(small, coding) == bytes)
        }
    }

    @Test func `several gzip members are one body`() throws {
        let members = try packed([1, 2, 3]) + packed([4]) + packed([])
        #expect(try unpacked(members) == [1, 2, 3, 4])
    }

    @Test func `every truncation is refused`() throws {
        for coding in [ContentCoding.gzip, .deflate] {
            let whole = try packed(Array("In the beginning".utf8), coding)
            for count in 0..<whole.count {
                #expect(throws: ContentCodingError.truncated(coding)) {
                    try unpacked(Array(whole.prefix(count)), coding)
                }
            }
        }
    }

    @Test func `what follows the end is refused`() throws {
        for garbage in [[0], [0x1F], Array("x=1".utf8)] as [[UInt8]] {
            for coding in [ContentCoding.gzip, .deflate] {
                let bytes = try packed([1, 2, 3], coding) + garbage
                #expect(throws: ContentCodingError.trailingBytes(coding)) {
                    try unpacked(bytes, coding)
                }
            }
        }
    }

    @Test func `a body of the other coding, a raw one and flipped bits are refused`() throws {
        let text = Array("And God said, Let there be light: and there was light.".utf8)
        let gzip = try packed(text)
        let zlib = try packed(text, .deflate)
        #expect(throws: ContentCodingError.corrupt(.deflate)) { try unpacked(gzip, .deflate) }
        #expect(throws: ContentCodingError.corrupt(.gzip)) { try unpacked(zlib, .gzip) }
        let raw = Array(zlib.dropFirst(2).dropLast(4))
        #expect(throws: ContentCodingError.self) { try unpacked(raw, .deflate) }
        for index in zlib.indices {
            var flipped = zlib
            flipped[index] ^= 0x10
            #expect(throws: ContentCodingError.self, "byte \(index)") {
                try unpacked(flipped, .deflate)
            }
        }
    }

    @Test func `size and ratio are limited while a body unpacks`() throws {
        let zeros = try packed([UInt8](repeating: 0, count: 8 << 20))
        #expect(throws: ContentCodingError.ratio(limit: BodyCoder.highestRatio)) {
            try unpacked(zeros)
        }
        let digits = try packed((0..<100_000).map { UInt8(48 + $0 * $0 % 10) })
        #expect(throws: ContentCodingError.tooLarge(limit: 99_999)) {
            try unpacked(digits, limit: 99_999)
        }
        #expect(try unpacked(digits, limit: 100_000).count == 100_000)
        // Below a megabyte the ratio is nobody's business.
        let small = try packed([UInt8](repeating: 0, count: 1 << 20))
        #expect(try unpacked(small).count == 1 << 20)
    }

    @Test func `a client that has gone stops the unpacking`() throws {
        let bytes = try packed((0..<200_000).map { UInt8(48 + $0 % 7) })
        #expect(throws: ContentCodingError.cancelled) {
            try coder.decode(Bytes(bytes), .gzip, limit: 1 << 20, isCancelled: { true })
        }
    }

    static let preferences: [(String?, ContentCoding)] = [
        (nil, .identity), ("", .identity), ("gzip", .gzip), ("x-gzip", .gzip), ("GZip", .gzip),
        ("deflate", .deflate), ("deflate, gzip", .gzip), ("gzip;q=0.5, deflate", .deflate),
        ("gzip;q=0", .identity), ("gzip; q=0.0, deflate;q=0", .identity), ("*", .gzip),
        ("*;q=0", .identity), ("gzip;q=0, *", .deflate), ("br, zstd", .identity),
        ("br, gzip;q=0.1", .gzip), ("identity, gzip;q=0.5", .identity), ("identity", .identity),
        ("identity;q=0.2, gzip;q=0.3", .gzip), ("identity;q=0", .identity),
        ("gzip;q=2", .identity), ("gzip;q=x", .identity), ("gzip;level=1", .identity),
        (" gzip , deflate ; q=0.9", .gzip), ("gzip, identity;q=0", .gzip),
    ]

    @Test(arguments: preferences)
    func `Accept-Encoding is weighed`(field: String?, coding: ContentCoding) {
        #expect(ContentCoding.preferred(by: field) == coding)
    }
}
