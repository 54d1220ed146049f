import Compute
import KernelInterface
import TestSupport
import Testing

@Suite struct LayoutTests {
    @Test(arguments: KernelSet.supported, Seeds.first(30))
    func `images keep their elements in blocks and back`(kernels: KernelSet, seed: UInt64) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: seed)
        let channels = random.int(1...40)
        let (height, width) = (random.int(1...5), random.int(1...37))
        let row = width + random.int(0...3)
        let blockedRow = width * 16 + random.int(0...2) * 16
        let image = random.floats(channels * height * row)
        let source = memory.floats(image)
        let gap = blockedRow - width * 16
        let count = blocks(of: channels) * height * blockedRow - gap
        let blocked = memory.floats(count: count)
        for block in 0..<blocks(of: channels) {
            kernels.table.blockFromPlanar(
                source.start,
                height * row,
                row,
                channels,
                height,
                width,
                blocked.start,
                height * blockedRow,
                blockedRow,
                block,
                block + 1
            )
        }
        let back = memory.floats(count: image.count, repeating: -7)
        kernels.table.planarFromBlock(
            blocked.start,
            height * blockedRow,
            blockedRow,
            channels,
            height,
            width,
            back.start,
            height * row,
            row,
            0,
            blocks(of: channels)
        )
        let comment = "\(kernels.name), seed \(seed)"
        for index in 0..<blocks(of: channels) * height * width * 16 {
            let pixel = index / 16
            let (y, x) = (pixel / width % height, pixel % width)
            let block = pixel / (width * height)
            let channel = block * 16 + index % 16
            let expected = channel < channels ? image[(channel * height + y) * row + x] : 0
            #expect(
                blocked[(block * height + y) * blockedRow + x * 16 + index % 16] == expected,
                "\(comment)"
            )
        }
        let expected = image.indices.map { $0 % row < width ? image[$0] : -7 }
        expectIdentical(back.values, expected, comment)
        #expect(blocked.isIntact && back.isIntact)
    }

    @Test(arguments: KernelSet.supported, Seeds.first(60))
    func `rows become columns, whatever the size of their elements`(
        kernels: KernelSet,
        seed: UInt64
    ) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: seed)
        let width = [1, 4, 8][random.int(0...2)]
        // Pixels of three colours have a way of their own.
        let columns = random.int(0...3) == 0 ? 3 : random.int(1...70)
        let rows = random.int(1...40)
        let sourceRow = columns + random.int(0...1) * random.int(0...5)
        let targetRow = rows + random.int(0...1) * random.int(0...5)
        let sizes = [(rows - 1) * sourceRow + columns, (columns - 1) * targetRow + rows]
        // Both end where their memory ends.
        let places = sizes.map { count in
            let floats = memory.floats(count: (count * width + 3) / 4)
            let bytes = UnsafeMutableRawBufferPointer(
                start: UnsafeMutableRawPointer(floats.start + floats.count) - count * width,
                count: count * width
            )
            for index in bytes.indices {
                bytes[index] = UInt8(truncatingIfNeeded: random.int(0...255))
            }
            return bytes
        }
        let (source, target) = (places[0], places[1])
        var expected = [UInt8](target)
        for row in 0..<rows {
            for column in 0..<columns {
                for byte in 0..<width {
                    expected[(column * targetRow + row) * width + byte] =
                        source[(row * sourceRow + column) * width + byte]
                }
            }
        }
        if let from = source.baseAddress, let to = target.baseAddress {
            kernels.table.typed.transpose(width, from, sourceRow, to, targetRow, rows, columns)
        }
        #expect([UInt8](target) == expected, "\(kernels.name), seed \(seed)")
    }

    @Test(arguments: KernelSet.supported, Seeds.first(30))
    func `points keep their elements in blocks and back`(kernels: KernelSet, seed: UInt64) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: seed)
        let (points, channels) = (random.int(1...9), random.int(1...50))
        let plane = points * 16 + random.int(0...1) * 16
        let matrix = random.floats(points * channels)
        let blocked = memory.floats(count: (blocks(of: channels) - 1) * plane + points * 16)
        kernels.table.blockFromPoints(
            memory.floats(matrix).start,
            points,
            channels,
            blocked.start,
            plane
        )
        for block in 0..<blocks(of: channels) {
            for index in 0..<points * 16 {
                let channel = block * 16 + index % 16
                let expected = channel < channels ? matrix[index / 16 * channels + channel] : 0
                #expect(blocked[block * plane + index] == expected, "seed \(seed)")
            }
        }
        let back = memory.floats(count: matrix.count)
        kernels.table.pointsFromBlock(blocked.start, plane, points, channels, back.start)
        expectIdentical(back.values, matrix, "\(kernels.name), seed \(seed)")
        #expect(blocked.isIntact && back.isIntact)
    }
}
