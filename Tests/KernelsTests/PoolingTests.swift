import Compute
import KernelInterface
import TestSupport
import Testing

@Suite struct PoolingTests {
    @Test(arguments: KernelSet.supported, Seeds.first(80))
    func `pooling equals its definition`(kernels: KernelSet, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pooling = PoolCase(random: &random)
        for isMaximum in [true, false] {
            let outcome = pooling.run(kernels, isMaximum: isMaximum)
            #expect(outcome.isIntact)
            expectClose(
                outcome.values,
                pooling.reference(isMaximum: isMaximum),
                tolerance: isMaximum ? 0 : 1e-6,
                "\(kernels.name), seed \(seed), maximum \(isMaximum), \(pooling.geometry)"
            )
        }
    }

    @Test(arguments: KernelSet.supported)
    func `a maximum over NaN is NaN wherever it stands`(kernels: KernelSet) {
        for position in 0..<36 {
            var random = SeededGenerator(seed: 1)
            var pooling = PoolCase(random: &random)
            pooling.geometry = PoolCase.square(size: 6, kernel: 3)
            pooling.blocks = 1
            pooling.input = [Float](repeating: 1, count: 36 * 16)
            pooling.input[position * 16 + 5] = .nan
            let values = pooling.run(kernels, isMaximum: true).values
            let (row, column) = position.quotientAndRemainder(dividingBy: 6)
            for y in 0..<4 {
                for x in 0..<4 {
                    let holds = (y..<y + 3).contains(row) && (x..<x + 3).contains(column)
                    #expect(values[(y * 4 + x) * 16 + 5].isNaN == holds)
                    #expect(values[(y * 4 + x) * 16 + 4] == 1)
                }
            }
        }
    }
}

/// A pooling in the blocked layout, with its naive reference.
private struct PoolCase {
    var geometry: PoolGeometry
    var blocks: Int
    var input: [Float]

    init(random: inout SeededGenerator) {
        blocks = random.int(1...3)
        let (kernelHeight, kernelWidth) = (random.int(1...4), random.int(1...4))
        let (dilationHeight, dilationWidth) = (random.int(1...2), random.int(1...2))
        let (height, width) = (random.int(1...9), random.int(1...21))
        let pads = (0..<4).map { _ in random.int(0...2) }
        let (strideHeight, strideWidth) = (random.int(1...3), random.int(1...3))
        let rows = height + pads[0] + pads[2] - (kernelHeight - 1) * dilationHeight - 1
        let columns = width + pads[1] + pads[3] - (kernelWidth - 1) * dilationWidth - 1
        // One more window than fits: ceil mode.
        let excess = random.int(0...1)
        let outputHeight = max(0, rows) / strideHeight + 1 + excess
        let outputWidth = max(0, columns) / strideWidth + 1 + excess
        let inputRow = width * 16 + random.int(0...1) * 16
        let outputRow = outputWidth * 16 + random.int(0...1) * 16
        geometry = PoolGeometry(
            inputHeight: height,
            inputWidth: width,
            inputPlane: height * inputRow,
            inputRow: inputRow,
            kernelHeight: kernelHeight,
            kernelWidth: kernelWidth,
            strideHeight: strideHeight,
            strideWidth: strideWidth,
            dilationHeight: dilationHeight,
            dilationWidth: dilationWidth,
            padTop: pads[0],
            padLeft: pads[1],
            padBottom: pads[2],
            padRight: pads[3],
            outputHeight: outputHeight,
            outputWidth: outputWidth,
            outputPlane: outputHeight * outputRow,
            outputRow: outputRow,
            countIncludePad: random.int(0...1)
        )
        input = random.floats(blocks * geometry.inputPlane)
    }

    /// A square window of stride 1 on a square image without padding.
    static func square(size: Int, kernel: Int) -> PoolGeometry {
        let output = size - kernel + 1
        return PoolGeometry(
            inputHeight: size,
            inputWidth: size,
            inputPlane: size * size * 16,
            inputRow: size * 16,
            kernelHeight: kernel,
            kernelWidth: kernel,
            strideHeight: 1,
            strideWidth: 1,
            dilationHeight: 1,
            dilationWidth: 1,
            padTop: 0,
            padLeft: 0,
            padBottom: 0,
            padRight: 0,
            outputHeight: output,
            outputWidth: output,
            outputPlane: output * output * 16,
            outputRow: output * 16,
            countIncludePad: 0
        )
    }

    func run(_ kernels: KernelSet, isMaximum: Bool) -> (values: [Float], isIntact: Bool) {
        let memory = TestMemory()
        defer { memory.release() }
        let source = memory.floats(input)
        let gap = geometry.outputRow - geometry.outputWidth * 16
        let output = memory.floats(count: blocks * geometry.outputPlane - gap)
        var geometry = geometry
        let pool = isMaximum ? kernels.table.maxPool : kernels.table.averagePool
        pool(&geometry, source.start, output.start, 0, blocks)
        let values = positions.map { block, y, x, lane in
            output[block * geometry.outputPlane + y * geometry.outputRow + x * 16 + lane]
        }
        return (values, output.isIntact)
    }

    private var positions: [(block: Int, y: Int, x: Int, lane: Int)] {
        (0..<blocks).flatMap { block in
            (0..<geometry.outputHeight * geometry.outputWidth * 16).map { index in
                let pixel = index / 16
                return (
                    block, pixel / geometry.outputWidth, pixel % geometry.outputWidth, index % 16
                )
            }
        }
    }

    func reference(isMaximum: Bool) -> [Reference] {
        positions.map { block, y, x, lane in
            var maximum = -Double.infinity
            var sum = Reference(0)
            var count = 0
            for i in 0..<geometry.kernelHeight {
                for j in 0..<geometry.kernelWidth {
                    let row =
                        y * geometry.strideHeight - geometry.padTop + i * geometry.dilationHeight
                    let column =
                        x * geometry.strideWidth - geometry.padLeft + j * geometry.dilationWidth
                    let isInside =
                        (0..<geometry.inputHeight).contains(row)
                        && (0..<geometry.inputWidth).contains(column)
                    let isPadded =
                        row < geometry.inputHeight + geometry.padBottom
                        && column < geometry.inputWidth + geometry.padRight
                    if isInside || geometry.countIncludePad != 0 && isPadded { count += 1 }
                    guard isInside else { continue }
                    let index =
                        block * geometry.inputPlane + row * geometry.inputRow + column * 16 + lane
                    maximum = max(maximum, Double(input[index]))
                    sum.add(Double(input[index]))
                }
            }
            if isMaximum { return Reference(maximum) }
            let divisor = Double(max(count, 1))
            return Reference(sum.value / divisor, magnitude: sum.magnitude / divisor)
        }
    }
}
