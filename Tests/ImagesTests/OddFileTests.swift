import Foundation
import Images
import Testing

/// Files that are odd but valid, compared with Pillow; Golden/odd.py says how they were made.
@Suite struct OddFileTests {
    private struct OddFile: Decodable {
        var name: String
        var file: Data
        var rule: String
        /// Libjpeg warns of it.
        var warns: Bool
        var width: Int
        var height: Int
        var channels: Int
        var samples: Data

        var image: Image {
            Image(width: width, height: height, channels: channels, samples: Array(samples))
        }
    }

    private struct Refused: Decodable {
        var name: String
        var file: Data
        var sentence: String
    }

    private func decoded(
        _ file: [UInt8],
        as target: ImageTarget = ImageTarget()
    ) throws -> DecodedImage {
        // SAFETY: an array of bytes has no padding that could be read.
        try unsafe ImageDecoder(target: target).decode(file.span.bytes)
    }

    @Test func `odd files are decoded as Pillow does, within one level`() throws {
        let cases: [OddFile] = try Golden.cases("odd")
        #expect(cases.count > 140)
        for odd in cases {
            do {
                let image = try decoded(Array(odd.file)).image
                // Versions of libjpeg-turbo smooth a picture of which only the means have come each in their way.
                let tolerance = odd.rule == "smoothing" ? 5 : 1
                expectClose(image, odd.image, within: tolerance, odd.name)
            } catch {
                Issue.record("\(odd.name): \(error)")
            }
        }
    }

    @Test func `what a decoder warns of is said, and nothing else`() throws {
        for odd in try Golden.cases("odd") as [OddFile] where odd.name.hasPrefix("JPEG") {
            let warnings = try decoded(Array(odd.file)).warnings
            #expect(warnings.isEmpty != odd.warns, "\(odd.name): \(warnings)")
        }
    }

    @Test func `a file decoded into a size is the decoded file resized`() throws {
        for odd in try Golden.cases("odd") as [OddFile] {
            let whole = try decoded(Array(odd.file)).image
            for filter in ResizeFilter.allCases {
                for (width, height) in [(5, 4), (40, 9), (3, 50)] {
                    for mode in [FitMode.stretch, .crop, .pad(background: 3)] {
                        var target = ImageTarget(width: width, height: height, channels: 1)
                        target.mode = mode
                        target.filter = filter
                        let small = try decoded(Array(odd.file), as: target).image
                        let expected = try whole.made(as: target)
                        #expect(small == expected, "\(odd.name) \(filter) \(width)x\(height)")
                    }
                }
            }
        }
    }

    @Test func `what is refused is refused with the reason`() throws {
        let cases: [Refused] = try Golden.cases("refused")
        #expect(cases.count == 9)
        for refused in cases {
            let error = #expect(throws: ImageError.self, "\(refused.name)") {
                try decoded(Array(refused.file))
            }
            // Versions of libjpeg say it in different words.
            let sentences = refused.sentence.split(separator: "|")
            #expect(
                sentences.contains { error?.description.contains($0) == true },
                "\(refused.name): \(String(describing: error))"
            )
        }
    }

    @Test func `decoding stops where it is told to`() throws {
        let samples = [UInt8](repeating: 9, count: 2000 * 1000 * 3)
        let image = Image(width: 2000, height: 1000, channels: 3, samples: samples)
        let file = try image.encodedPNG()
        for allowed in [0, 1, 7] {
            var asked = 0
            #expect(throws: ImageError.cancelled) {
                // SAFETY: an array of bytes has no padding that could be read.
                try unsafe ImageDecoder().decode(file.span.bytes) {
                    asked += 1
                    return asked > allowed
                }
            }
            #expect(asked == allowed + 1)
        }
    }
}
