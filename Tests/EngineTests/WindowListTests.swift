import Compute
import Graph
import TestSupport
import Testing

@testable import Engine

@Suite struct WindowListTests {
    /// Lists that are kept, and those that are too long for it, against the definition of windows.
    @Test(arguments: [1, 2], [true, false])
    func `every place of a window is in the image or stands for padding`(pieces: Int, isKept: Bool)
    {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let rows = Self.axis(&random)
            var places = BytePlaces(
                rows: rows,
                columns: Self.axis(&random),
                channels: random.int(1...60)
            )
            places.pieces = pieces
            let lists = WindowLists(places, isKept: isKept)
            let image = random.int(0...1)
            let source = FloatStorage(count: places.pixels * places.channels / 2 + 16)
            let scratch = FloatStorage(count: 2 * places.listSize + places.channels / 4 + 64)
            let room = PlaceList.Room(
                list: scratch.start.bytes,
                padding: scratch.start.bytes + 8 * places.listSize
            )
            for list in 0..<places.lists {
                let start = source.start.bytes
                let found = lists.places(of: list, image: image, in: start, scratch: room, zero: 3)
                let expected = places.defined(places.rows(of: list), image: image)
                let offset = start.distance(to: found.source)
                let padding = found.source.distance(to: room.padding)
                let values = found.offsets.withMutableIntegers(count: expected.count) { list in
                    list.indices.map { index -> Int? in
                        list[index] == padding ? nil : list[index] + offset
                    }
                }
                #expect(values == expected, "list \(list) of \(places), seed \(seed)")
            }
        }
    }

    /// PyTorch writes global pooling so where the window's size is a width of the network.
    @Test(arguments: [(kernel: 1280, stride: 1280, windows: 1), (9, 3, 1), (10, 3, 0), (7, 3, 1)])
    func `one window that ends outside may be larger than the axis`(
        kernel: Int,
        stride: Int,
        windows: Int
    ) {
        let axis = WindowAxis(
            input: 7,
            padding: (0, 0),
            .explicit,
            kernel: kernel,
            stride: stride,
            dilation: 1,
            ceils: true
        )
        #expect(axis.output == windows)
        #expect(windows == 0 || axis.taps(0) == 0..<7)
    }

    private static func axis(_ random: inout SeededGenerator) -> WindowAxis {
        let (kernel, dilation, stride) = (random.int(1...4), random.int(1...3), random.int(1...3))
        let reach = (kernel - 1) * dilation
        let (begin, end) = (random.int(0...reach + 1), random.int(0...reach + 1))
        let input = random.int(max(1, reach + 1 - begin - end)...30)
        return WindowAxis(
            input: input,
            output: (input + begin + end - reach - 1) / stride + 1,
            padding: (begin, end),
            kernel: kernel,
            stride: stride,
            dilation: dilation
        )
    }
}

extension BytePlaces {
    /// Nil stands for padding.
    fileprivate func defined(_ outputs: Range<Int>, image: Int) -> [Int?] {
        func inputs(_ axis: WindowAxis, _ output: Int) -> [Int?] {
            (0..<axis.kernel).map { tap in
                let input = output * axis.stride + tap * axis.dilation - axis.padBegin
                return (0..<axis.input).contains(input) ? input : nil
            }
        }
        var places: [Int?] = []
        for y in outputs {
            for x in 0..<columns.output {
                for _ in 0..<pieces {
                    for row in inputs(rows, y) {
                        for column in inputs(columns, x) {
                            guard let row, let column else {
                                places.append(nil)
                                continue
                            }
                            let line = image * rows.input + row
                            places.append((line * columns.input + column) * channels)
                        }
                    }
                }
            }
        }
        return places
    }
}
