import Images
import TestSupport
import Testing

@Suite struct DecodingTests {
    @Test func `decodes every PNG colour type, depth and interlacing exactly`() throws {
        let cases: [Golden.File] = try Golden.cases("png")
        #expect(cases.count > 40)
        for golden in cases {
            let image = try Image(decoding: Array(golden.file))
            // 16-bit transparency is blended before it is rounded to 8 bits.
            let tolerance = golden.name.contains("16 bits") ? 1 : 0
            expectClose(image, golden.image, within: tolerance, golden.name)
        }
    }

    @Test func `decodes JPEG like Pillow and applies the EXIF orientation`() throws {
        let cases: [Golden.File] = try Golden.cases("jpeg")
        #expect(cases.count == 12)
        for golden in cases {
            let image = try Image(decoding: Array(golden.file))
            expectClose(image, golden.image, within: 1, golden.name)
        }
    }

    @Test(arguments: ["png", "jpeg"])
    func `tolerates bytes after the picture`(format: String) throws {
        let golden: [Golden.File] = try Golden.cases(format)
        let file = try #require(golden.first)
        let image = try Image(decoding: Array(file.file) + Array("trailing garbage".utf8))
        expectClose(image, file.image, within: 1, file.name)
    }

    @Test(arguments: ["png", "jpeg"])
    func `a file cut off anywhere is an error`(format: String) throws {
        for golden in try Golden.cases(format) as [Golden.File] {
            let file = Array(golden.file)
            for length in stride(from: 0, to: file.count - 2, by: 7) {
                #expect(throws: ImageError.self, "\(golden.name) cut to \(length)") {
                    try Image(decoding: Array(file[..<length]))
                }
            }
        }
    }

    @Test func `a cut is called a cut`() throws {
        for format in ["png", "jpeg"] {
            let golden: [Golden.File] = try Golden.cases(format)
            let file = Array(try #require(golden.first).file)
            for length in [5, 40, file.count / 2, file.count - 3] {
                #expect(throws: ImageError.truncated(format == "png" ? .png : .jpeg)) {
                    try Image(decoding: Array(file[..<max(2, length)]))
                }
            }
        }
    }

    @Test(arguments: ["png", "jpeg"])
    func `damaged bytes never trap`(format: String) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let cases: [Golden.File] = try Golden.cases(format)
        var refused = 0
        for round in 0..<4000 {
            var file = Array(cases[round % cases.count].file)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let offset = Int.random(in: 0..<file.count, using: &random)
                file[offset] = UInt8.random(in: 0...255, using: &random)
            }
            if (try? Image(decoding: file, limits: ImageLimits(maximumPixels: 1_000_000))) == nil {
                refused += 1
            }
        }
        #expect(refused > 0)
    }

    @Test func `a huge PNG is refused by its header alone`() {
        let header: [UInt8] =
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + [0, 0, 0, 13] + Array("IHDR".utf8) + [
                0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50, 8, 2, 0, 0, 0,
            ]
        let tooLarge = ImageError.tooLarge(
            width: 50_000,
            height: 50_000,
            maximumPixels: 40_000_000
        )
        #expect(throws: tooLarge) { try Image(decoding: header) }
        #expect(tooLarge.description.contains("50000x50000"))
    }

    @Test func `a huge JPEG is refused by its header alone`() throws {
        let golden: [Golden.File] = try Golden.cases("jpeg")
        var file = Array(try #require(golden.first).file)
        let frame = try #require(
            file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 }
        )
        file.replaceSubrange(frame + 5..<frame + 9, with: [0xC3, 0x50, 0xC3, 0x50])
        #expect(
            throws: ImageError.tooLarge(width: 50_000, height: 50_000, maximumPixels: 40_000_000)
        ) { try Image(decoding: file) }
    }

    @Test func `a JPEG with an absurd number of scans is refused before they are decoded`() throws {
        let cases: [Golden.File] = try Golden.cases("jpeg")
        let golden = try #require(cases.first { $0.name == "progressive" })
        let file = Array(golden.file)
        let last = try #require(file.indices.last { file[$0] == 0xDA && file[$0 - 1] == 0xFF }) - 1
        let scan = file[last..<file.count - 2]
        let bomb = file[..<last] + Array(repeating: scan, count: 40).joined() + file[last...]
        let limits = ImageLimits(maximumPixels: golden.width * golden.height)
        _ = try Image(decoding: file, limits: limits)
        let error = #expect(throws: ImageError.self) {
            try Image(decoding: Array(bomb), limits: limits)
        }
        #expect(error?.description.contains("scans") == true, "\(String(describing: error))")
    }

    struct Refusal: Sendable {
        var bytes: [UInt8]
        var sentence: String
    }

    static let refusals = [
        Refusal(bytes: [], sentence: "empty"),
        Refusal(bytes: Array("Hello, world".utf8), sentence: "\"Hello, w\""),
        Refusal(bytes: [0, 1, 2, 0xFF], sentence: "00 01 02 ff"),
        Refusal(bytes: Array("GIF89a...".utf8), sentence: "GIF"),
        Refusal(bytes: Array("RIFF....WEBPVP8".utf8), sentence: "WebP"),
        Refusal(bytes: Array("BM......".utf8), sentence: "BMP"),
        Refusal(bytes: Array("....ftypavif".utf8), sentence: "AVIF"),
        Refusal(bytes: [0xFF, 0xD8], sentence: "cut off"),
        Refusal(bytes: [0xFF, 0xD8, 0x00, 0x00], sentence: "cut off"),
        Refusal(bytes: [0xFF, 0xD8, 0xFF, 0xE0, 0, 1], sentence: "cut off"),
        Refusal(bytes: [0x89, 0x50, 0x4E], sentence: "cut off"),
    ]

    @Test("says what is wrong with bytes that are no picture", arguments: refusals)
    func saysWhatIsWrong(refusal: Refusal) {
        let error = #expect(throws: ImageError.self) { try Image(decoding: refusal.bytes) }
        #expect(
            error?.description.contains(refusal.sentence) == true,
            "\(String(describing: error))"
        )
    }
}
