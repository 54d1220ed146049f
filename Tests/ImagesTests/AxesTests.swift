import Testing

@testable import Images

@Suite struct AxesTests {
    @Test func `ticks are round numbers within the range`() {
        #expect(Ticks.values(0, 1, about: 5) == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
        #expect(Ticks.values(-3, 17, about: 4) == [0, 5, 10, 15])
        #expect(Ticks.values(1, 40, about: 8) == [5, 10, 15, 20, 25, 30, 35, 40])
        #expect(
            Ticks.values(2, 2, about: 5).isEmpty && Ticks.values(0, .infinity, about: 5).isEmpty
        )
        #expect(Ticks.values(-1e308, 1e308, about: 5).allSatisfy { $0.isFinite })
        #expect(
            [0.6000000000000001, -0.0, 15, 2.5e-7, 3e9].map(Ticks.label) == [
                "0.6", "0", "15", "2.5e-07", "3.0e+09",
            ]
        )
    }

    @Test(arguments: [(1, 1), (1, 2), (2, 1), (2, 2), (200, 2), (37, 16), (3, 300)])
    func `plots of any size have a frame, a start and nothing outside`(steps: Int, units: Int) {
        let values = (0..<steps * units).map { Float(($0 * 37) % 101) - 50 }
        let symbols = (0..<steps).map { ["a", " ", "é", "\n"][$0 % 4] }
        let image = TrajectoryPlot(
            values: values,
            steps: steps,
            units: units,
            symbols: symbols
        ).render()
        #expect(image.samples.count == image.width * image.height * 3)
        #expect(image.width == (units >= 2 ? 1104 : 712))
        // The square where the path begins.
        let green = stride(from: 0, to: image.samples.count, by: 3).contains {
            Array(image.samples[$0..<$0 + 3]) == [0, 120, 60]
        }
        #expect(green == (units >= 2))
    }

    @Test func `a map of states has its symbols below`() {
        let values = [Float](repeating: 0.5, count: 20 * 40)
        let mosaic = MapMosaic(
            maps: values,
            count: 1,
            height: 20,
            width: 40,
            normalisation: .symmetric,
            colours: .diverging
        )
        let (plain, titled) = (
            mosaic.render(), mosaic.render(steps: 4, symbols: ["a", "b", "c", "d"])
        )
        #expect(titled.width == plain.width && titled.height == plain.height + 28)
        #expect(titled.samples.starts(with: plain.samples))
        #expect(titled.samples.suffix(28 * titled.width * 3).contains(80))
    }

    @Test func `maps may stand apart, with places left empty between`() {
        let values: [Float] = [1, 2, 3]
        var mosaic = MapMosaic(maps: values, count: 3, height: 1, width: 1, columns: 3)
        let line = mosaic.render()
        mosaic.places = [0, 4, 8]
        let table = mosaic.render()
        #expect(table.width < line.width * 2 && table.height > line.height)
    }
}
