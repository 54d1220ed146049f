import Images
import TestSupport
import Testing

@Suite struct ResizingTests {
    struct Case: Decodable {
        var mode: String
        var filter: String
        var input: Golden.Picture?
        var output: Golden.Picture
    }

    @Test func `resizes and fits like Pillow`() throws {
        let cases: [Case] = try Golden.cases("resize")
        #expect(cases.count == 150)
        var source: Image?
        for golden in cases {
            source = golden.input?.image ?? source
            let input = try #require(source)
            let filter = try #require(ResizeFilter(rawValue: golden.filter))
            let modes: [String: FitMode] = [
                "stretch": .stretch, "pad": .pad(background: 7), "crop": .crop,
            ]
            let mode = try #require(modes[golden.mode])
            let output = try input.fitted(
                to: golden.output.width,
                golden.output.height,
                mode: mode,
                filter: filter
            )
            let name =
                "\(golden.mode) \(golden.filter) \(input.width)x\(input.height)"
                + " to \(output.width)x\(output.height)"
            expectClose(output, golden.output.image, within: 1, name)
        }
    }

    struct OpenCVCase: Decodable {
        var filter: String
        var mode: String
        var input: Golden.Picture?
        var output: Golden.Picture
    }

    @Test func `scales to the bytes of OpenCV where that is asked for`() throws {
        let cases: [OpenCVCase] = try Golden.cases("opencv")
        #expect(cases.count > 120)
        var source: Image?
        for golden in cases {
            source = golden.input?.image ?? source
            let input = try #require(source)
            let filter = try #require(ResizeFilter(rawValue: golden.filter))
            let side = Int(golden.mode.dropFirst(4))
            let output = try input.fitted(
                to: golden.output.width,
                golden.output.height,
                mode: side.map { .cut(shorterSide: $0) } ?? .stretch,
                filter: filter
            )
            let name = "\(golden.mode) \(filter) \(input.width)x\(input.height)"
            expectClose(output, golden.output.image, within: 0, name)
        }
    }

    struct Cut: Decodable {
        var side: Int
        var input: Golden.Picture
        var output: Golden.Picture
    }

    @Test func `scales the shorter side and cuts the middle out like torchvision`() throws {
        let cases: [Cut] = try Golden.cases("cut")
        #expect(cases.count == 5)
        for golden in cases {
            let output = try golden.input.image.fitted(
                to: golden.output.width,
                golden.output.height,
                mode: .cut(shorterSide: golden.side),
                filter: .bilinear
            )
            expectClose(output, golden.output.image, within: 1, "\(golden.side)")
        }
    }

    @Test func `the same size is the same picture`() throws {
        let image = randomImage(width: 13, height: 7, channels: 3, seed: 1)
        for filter in ResizeFilter.allCases {
            #expect(try image.resized(to: 13, 7, filter: filter) == image)
        }
    }

    @Test func `a flat picture stays flat at any size`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let size = { (random: inout SeededGenerator) in Int.random(in: 1...90, using: &random) }
            let (width, height) = (size(&random), size(&random))
            let samples = [UInt8](repeating: 201, count: width * height)
            let image = Image(width: width, height: height, channels: 1, samples: samples)
            for filter in ResizeFilter.allCases {
                for mode in [FitMode.stretch, .crop, .pad(background: 201)] {
                    let (newWidth, newHeight) = (size(&random), size(&random))
                    let result = try image.fitted(
                        to: newWidth,
                        newHeight,
                        mode: mode,
                        filter: filter
                    )
                    #expect(result.samples.allSatisfy { $0 == 201 })
                    #expect(result.width == newWidth && result.height == newHeight)
                }
            }
        }
    }

    @Test func `grey is the luma that Pillow computes`() {
        let image = Image(
            width: 4,
            height: 1,
            channels: 3,
            samples: [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30]
        )
        #expect(image.grey().samples == [76, 150, 29, 18])
        #expect(image.grey().rgb().samples == [76, 150, 29, 18].flatMap { [$0, $0, $0] })
    }

    /// Whether a picture counts as bright where a dark one is wanted.
    private func isInverted(_ width: Int, _ height: Int, _ samples: [UInt8]) throws -> Bool {
        var target = ImageTarget()
        target.isDark = true
        let image = Image(width: width, height: height, channels: 1, samples: samples)
        let made = try image.made(as: target)
        #expect(made == image || made == image.inverted())
        return made != image
    }

    @Test func `the border's mean counts each pixel of the border once`() throws {
        // The mean of the border's eight pixels is 127.5, or just above.
        let border: [UInt8] = [255, 255, 255, 255, 0, 0, 0, 0]
        let above: [UInt8] = [255, 255, 255, 255, 1, 0, 0, 0]
        for middle in [UInt8(0), 255] {
            for (samples, isBright) in [(border, false), (above, true)] {
                let all = samples[..<4] + [middle] + samples[4...]
                #expect(try isInverted(3, 3, Array(all)) == isBright)
            }
        }
        #expect(try isInverted(1, 1, [128]))
        #expect(try !isInverted(1, 1, [127]))
        #expect(try isInverted(1, 3, [255, 255, 0]))
        #expect(try !isInverted(3, 1, [255, 0, 0]))
    }

    @Test func `the negative is resized, not the resized inverted`() throws {
        let image = randomImage(width: 31, height: 23, channels: 3, seed: 7)
        let bright = Image(
            width: 31,
            height: 23,
            channels: 3,
            samples: image.samples.map { 128 + $0 / 2 }
        )
        for filter in ResizeFilter.allCases {
            var target = ImageTarget(width: 9, height: 11, channels: 1)
            target.filter = filter
            let expected = try bright.grey().inverted().made(as: target)
            target.isDark = true
            #expect(try bright.made(as: target) == expected)
        }
    }
}

func randomImage(width: Int, height: Int, channels: Int, seed: UInt64) -> Image {
    var random = SeededGenerator(seed: seed)
    let samples = (0..<width * height * channels).map { _ in
        UInt8.random(in: 0...255, using: &random)
    }
    return Image(width: width, height: height, channels: channels, samples: samples)
}
