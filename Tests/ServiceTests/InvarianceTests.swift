import Compute
import Foundation
import Graph
import Images
import Models
import Onnx
import TensorFormats
import Testing

@testable import Service

/// How much less pooled responses change under small shifts, measured on the shipped models.
@Suite struct InvarianceTests {
    /// A picture [rows][columns] as the network is given it.
    private typealias Picture = [[Float]]

    private func model(_ name: String) throws -> Model {
        try #require(Fixture.service.repository.model(named: name))
    }

    private func maps(
        _ layers: [String],
        of picture: Picture,
        in model: Model
    ) throws
        -> [NamedTensor]
    {
        let values = picture.flatMap { $0 }
        let input = NetworkInput(
            name: model.manifest.input.name,
            shape: [1, 1, picture.count, picture[0].count]
        ) { span in
            for index in values.indices { span[index] = values[index] }
        }
        return try model.run(input, outputs: layers, isCancelled: { false })
    }

    /// ‖after − before‖ and ‖before‖, squared, over some channels, `border` rows and columns left out.
    private func difference(
        _ before: NamedTensor,
        _ after: NamedTensor,
        channels: Range<Int>,
        border: Int = 0
    ) -> SIMD2<Double> {
        let (height, width) = (before.shape[1], before.shape[2])
        var sums = SIMD2<Double>()
        for channel in channels {
            for row in border..<height - border {
                for column in border..<width - border {
                    let index = (channel * height + row) * width + column
                    let (old, new) = (Double(before.values[index]), Double(after.values[index]))
                    sums += SIMD2((new - old) * (new - old), old * old)
                }
            }
        }
        return sums
    }

    private func ratio(_ sums: SIMD2<Double>) -> Double { (sums[0] / sums[1]).squareRoot() }

    private func text(_ numbers: [Double]) -> String {
        numbers.map { String(format: "%.4f", $0) }.joined(separator: " ")
    }

    // MARK: Simple and complex cells

    /// Simple and complex cells' relative changes for shifts of 1…4 pixels.
    private func changes(
        simple: Range<Int>,
        complex: Range<Int>,
        _ picture: (_ shift: Int) -> Picture
    ) throws -> (simple: [Double], complex: [Double]) {
        let v1 = try model("v1")
        let still = try maps(["simple", "complex"], of: picture(0), in: v1)
        var result: (simple: [Double], complex: [Double]) = ([], [])
        for shift in 1...4 {
            let moved = try maps(["simple", "complex"], of: picture(shift), in: v1)
            // Half a kernel from the border, where a picture's own edge does not reach.
            let sums = zip(zip(still, moved), [simple, complex]).map { pair, channels in
                ratio(difference(pair.0, pair.1, channels: channels, border: 16))
            }
            result.simple.append(sums[0])
            result.complex.append(sums[1])
        }
        return result
    }

    @Test func `a complex cell hardly notices that a grating moves, a simple cell does`() throws {
        // Wavelength 5.7 pixels, upright bars: the second frequency, the first orientation.
        let frequency = Float.pi / (2 * Float(2).squareRoot())
        let (simple, complex) = try changes(simple: 16..<17, complex: 8..<9) { shift in
            (0..<96).map { _ in
                (0..<96).map { column in 0.5 * cos(frequency * Float(column - shift)) }
            }
        }
        print("v1, grating moved by 1…4: simple \(text(simple)), complex \(text(complex))")
        for (one, other) in zip(simple, complex) { #expect(other < one / 100) }
    }

    @Test func `complex cells change less than simple cells when a photograph moves`() throws {
        let image = try Image(decoding: try Fixture.file("v1/examples/camera.png")).grey()
        let side = 200
        let (simple, complex) = try changes(simple: 0..<48, complex: 0..<24) { shift in
            (0..<side).map { row in
                (0..<side).map { column in
                    let index = (row + 28) * image.width + column + 28 - shift
                    return Float(image.samples[index]) / 255 - 0.5
                }
            }
        }
        print("v1, photograph moved by 1…4: simple \(text(simple)), complex \(text(complex))")
        for (one, other) in zip(simple, complex) { #expect(other < one) }
        #expect(complex[0] < simple[0] / 2)
    }

    // MARK: Pooling

    @Test func `pooled features change less than features when a picture moves`() throws {
        let fashion = try model("fashion")
        let pictures = try testPictures(100)
        let pairs = [("maxout1", "pool1"), ("maxout2", "pool2"), ("maxout4", "pool4")]
        let layers = pairs.flatMap { [$0.0, $0.1] }
        var sums = [[SIMD2<Double>]](repeating: Array(repeating: SIMD2(), count: 4), count: 6)
        for picture in pictures {
            let still = try maps(layers, of: picture, in: fashion)
            for shift in 1...4 {
                let dark = -Float(0.286 / 0.353)
                let shifted = picture.map { row in
                    [Float](repeating: dark, count: shift) + row.dropLast(shift)
                }
                let moved = try maps(layers, of: shifted, in: fashion)
                for layer in layers.indices {
                    let channels = 0..<still[layer].shape[0]
                    sums[layer][shift - 1] += difference(
                        still[layer],
                        moved[layer],
                        channels: channels
                    )
                }
            }
        }
        for (index, pair) in pairs.enumerated() {
            let (features, pooled) = (sums[2 * index].map(ratio), sums[2 * index + 1].map(ratio))
            print("fashion, pictures moved by 1…4: \(pair.0) \(text(features)),", terminator: " ")
            print("\(pair.1) \(text(pooled))")
            // The last pooling is measured only: its nine places are far apart, and what it pools is
            // nearly invariant already.
            for shift in 0..<4 where pair.1 != "pool4" {
                #expect(pooled[shift] < features[shift], "\(pair), \(shift + 1)")
            }
        }
    }

    /// The first test pictures of Fashion-MNIST, normalised.
    private func testPictures(_ count: Int) throws -> [Picture] {
        let file = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
        // SAFETY: an array of bytes has no padding that could be read.
        let plain = try unsafe Gunzip.decompress(bytes.span.bytes, limit: 1 << 24)
        // SAFETY: the same.
        let (shape, values) = try unsafe IDX.decode(plain.span.bytes)
        #expect(shape == [10_000, 28, 28])
        return (0..<count).map { picture in
            (0..<28).map { row in
                (0..<28).map { column in
                    let sample = values[(picture * 28 + row) * 28 + column]
                    return (Float(sample) / 255 - 0.286) / 0.353
                }
            }
        }
    }
}
