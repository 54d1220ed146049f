import Foundation
import Images
import Testing

@Suite struct MosaicTests {
    @Test func `a PNG reads back to the same picture`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        for (width, height, channels) in [(1, 1, 1), (17, 3, 3), (640, 480, 3), (28, 28, 1)] {
            let image = randomImage(width: width, height: height, channels: channels, seed: seed)
            #expect(try Image(decoding: image.encodedPNG()) == image)
        }
    }

    @Test(arguments: [1, 2, 255, 256, 257, 400])
    func `a PNG of few colours reads back to the same picture`(colours: Int) throws {
        let samples = (0..<40 * 30).flatMap { pixel -> [UInt8] in
            let colour = pixel * 7 % colours
            return [UInt8(colour & 255), UInt8(colour >> 8), UInt8(255 - colour & 255)]
        }
        let image = Image(width: 40, height: 30, channels: 3, samples: samples)
        let file = try image.encodedPNG()
        #expect(try Image(decoding: file) == image)
        // PNG's colour type: 3 is a palette, 2 is RGB.
        #expect(file[25] == (colours <= 256 ? 3 : 2))
    }

    @Test func `each map around its own zero`() {
        let maps: [Float] = [-1, 0, 0.5, 1, -0.01, 0, 0.005, 0.01]
        let mosaic = MapMosaic(
            maps: maps,
            count: 2,
            height: 1,
            width: 4,
            columns: 1,
            normalisation: .symmetricPerMap,
            colours: .diverging
        )
        let image = mosaic.render()
        // Both maps have the same four colours; the fifth stands between them.
        let distinct = Set(
            stride(from: 0, to: image.samples.count, by: 3).map {
                Array(image.samples[$0..<$0 + 3])
            }
        )
        #expect(distinct.count == 5)
        #expect(mosaic.legend.contains("its own largest magnitude"))
    }

    @Test(arguments: [1, 2, 3, 7, 16, 24, 48, 64, 97, 128, 512])
    func `every map is drawn once, at a size worth looking at`(count: Int) {
        for (height, width) in [(1, 1), (5, 5), (28, 28), (100, 30), (224, 224)]
        where count * height * width < 700_000 {
            let maps = [Float](repeating: 0, count: count * height * width)
            let mosaic = MapMosaic(maps: maps, count: count, height: height, width: width)
            let image = mosaic.render()
            // Only maps have the first colour of viridis; the background is white.
            let violet = stride(from: 0, to: image.samples.count, by: 3).count {
                image.samples[$0] == 68
            }
            #expect(violet % (count * height * width) == 0)
            let isSmall = width * count < 1000 && count * width * width < 200_000
            #expect(image.width >= (isSmall ? 65 : 400), "\(count) of \(width)x\(height)")
            #expect(image.width <= max(1300, 60 * (width + 3)))
        }
    }

    @Test func `maps of a group stand closer to each other than to others`() {
        let maps = [Float](repeating: 0, count: 8 * 25)
        var mosaic = MapMosaic(maps: maps, count: 8, height: 5, width: 5, columns: 4)
        let single = mosaic.render()
        mosaic.group = 2
        let grouped = mosaic.render()
        /// Lengths of the stretches between the maps of the top row.
        func gaps(_ image: Image) -> [Int] {
            let middle = image.height / 4
            let isMap = (0..<image.width).map {
                image.samples[(middle * image.width + $0) * 3] == 68
            }
            return isMap.split(separator: true).map(\.count)
        }
        #expect(gaps(single).count == 5 && Set(gaps(single)).count == 1)
        let (outer, inner) = (gaps(grouped)[0], gaps(grouped)[1])
        #expect(gaps(grouped) == [outer, inner, outer, inner, outer])
        #expect(outer == 3 * inner)
    }

    @Test func `a row of kernels shares one range around zero`() {
        let maps: [Float] = [1, 0, 4, 0, 0.1, 0, 0.2, 0]
        let mosaic = MapMosaic(
            maps: maps,
            count: 4,
            height: 1,
            width: 2,
            columns: 2,
            normalisation: .symmetricPerRow,
            colours: .grey
        )
        // The largest of either row is white, half and a quarter of it lie between.
        let tones = Set(mosaic.render().samples)
        #expect(tones.contains(255) && !tones.contains(0))
        #expect(mosaic.legend.contains("each row"))
    }

    @Test func `normalisations take their ranges from one map, all maps, or around zero`() {
        let maps: [Float] = [0, 1, 2, 3, -4, 0, 4, 8]
        func tones(_ normalisation: MapMosaic.Normalisation) -> [UInt8] {
            let mosaic = MapMosaic(
                maps: maps,
                count: 2,
                height: 1,
                width: 4,
                columns: 2,
                normalisation: normalisation,
                colours: .grey
            )
            let image = mosaic.render()
            // The middle row, one sample inside each value's square.
            let row = image.height / 2 * image.width * 3
            return (0..<8).map { index in
                image.samples[row + (6 + index * 64 + index / 4 * 6 + 32) * 3]
            }
        }
        #expect(tones(.perMap) == [0, 85, 170, 255, 0, 85, 170, 255])
        #expect(tones(.shared) == [85, 106, 128, 149, 0, 85, 170, 255])
        #expect(tones(.symmetric) == [128, 143, 159, 175, 63, 128, 192, 255])
    }

    @Test func `maps of one value are compared with each other`() {
        let maps: [Float] = [1, 3, 2]
        let mosaic = MapMosaic(maps: maps, count: 3, height: 1, width: 1, colours: .grey)
        let image = mosaic.render()
        let row = image.height / 2 * image.width * 3
        let middles: [UInt8] = (0..<3).map { (map: Int) in
            image.samples[row + (6 + map * 70 + 32) * 3]
        }
        #expect(middles == [0, 255, 128])
        #expect(mosaic.legend.contains("all maps from 1.0 to 3.0"))
    }

    @Test func `values that are not finite are drawn in magenta and do not spoil the rest`() {
        let maps: [Float] = [.nan, 0, 1, .infinity]
        let mosaic = MapMosaic(maps: maps, count: 1, height: 1, width: 4, colours: .grey)
        let image = mosaic.render()
        let row = image.height / 2 * image.width * 3
        let pixels = (0..<4).map { index in
            let start = row + (6 + index * 64 + 32) * 3
            return Array(image.samples[start..<start + 3])
        }
        #expect(pixels == [[255, 0, 255], [0, 0, 0], [255, 255, 255], [255, 0, 255]])
    }

    @Test func `extreme values never trap`() {
        let extremes: [Float] = [
            0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, .nan, .infinity, -.infinity, 1,
        ]
        for normalisation in MapMosaic.Normalisation.allCases {
            for first in extremes {
                for second in extremes {
                    let mosaic = MapMosaic(
                        maps: [first, second],
                        count: 1,
                        height: 1,
                        width: 2,
                        normalisation: normalisation,
                        colours: .diverging
                    )
                    #expect(mosaic.render().width == 140)
                }
            }
        }
    }

    @Test func `the legend says colours, range and layout`() {
        let maps = [Float](repeating: 0.5, count: 12)
        let mosaic = MapMosaic(maps: maps, count: 3, height: 2, width: 2)
        #expect(
            mosaic.legend == "viridis; each map normalised to its own minimum..maximum; "
                + "3 maps of 2x2 in 3 columns, enlarged 64 times"
        )
    }

    @Test func `a file is the same whoever compresses its parts, and shows what is drawn`() throws {
        let maps = (0..<24 * 300 * 200).map { Float($0 % 7919) }
        for columns in [4, 6] {
            let mosaic = MapMosaic(maps: maps, count: 24, height: 300, width: 200, columns: columns)
            let file = try mosaic.encodedPNG()
            let backwards = try mosaic.encodedPNG { count, job in
                #expect(count > 1)
                for index in (0..<count).reversed() { job(index) }
            }
            #expect(file == backwards)
            #expect(try Image(decoding: file) == mosaic.render())
        }
    }
}
