import Compute
import KernelInterface
import TestSupport
import Testing

@Suite struct ChannelPoolingTests {
    @Test(arguments: KernelSet.supported, Seeds.first(60))
    func `neighbouring channels are pooled by definition`(kernels: KernelSet, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let group = random.int(1...5)
        let outputs = random.int(1...40)
        let (height, width) = (random.int(1...3), random.int(1...9))
        check(kernels, &random, group: group, outputs: outputs, height, width, "seed \(seed)")
    }

    @Test(arguments: KernelSet.supported, [1, 8, 9, 15, 16, 17, 24, 25, 32, 33])
    func `pairs of any number of channels are pooled`(kernels: KernelSet, outputs: Int) {
        var random = SeededGenerator(seed: UInt64(outputs))
        check(kernels, &random, group: 2, outputs: outputs, 2, 5, "\(outputs) pairs")
    }

    private func check(
        _ kernels: KernelSet,
        _ random: inout SeededGenerator,
        group: Int,
        outputs: Int,
        _ height: Int,
        _ width: Int,
        _ comment: String
    ) {
        let memory = TestMemory()
        defer { memory.release() }
        let channels = outputs * group
        let row = width * 16
        let plane = height * row
        let input = random.floats(blocks(of: channels) * plane)
        let source = memory.floats(input)
        var geometry = ChannelPoolGeometry(
            inputChannels: channels,
            group: group,
            height: height,
            width: width,
            inputPlane: plane,
            inputRow: row,
            outputPlane: plane,
            outputRow: row
        )
        for isMaximum in [true, false] {
            let output = memory.floats(count: blocks(of: outputs) * plane)
            let pool = isMaximum ? kernels.table.maxout : kernels.table.channelL2
            for block in 0..<blocks(of: outputs) {
                pool(&geometry, source.start, output.start, block, block + 1)
            }
            #expect(output.isIntact)
            let expected = (0..<output.count).map { index in
                let channel = index / plane * 16 + index % 16
                let pixel = index % plane / 16 * 16
                guard channel < outputs else { return Reference(0) }
                let members = (channel * group..<(channel + 1) * group).map {
                    Double(input[$0 / 16 * plane + pixel + $0 % 16])
                }
                return Reference(
                    isMaximum
                        ? members.reduce(-.infinity, max)
                        : members.reduce(0) { $0 + $1 * $1 }.squareRoot()
                )
            }
            expectClose(
                output.values,
                expected,
                tolerance: isMaximum ? 0 : 4e-7,
                "\(kernels.name), group \(group), \(outputs) outputs, \(comment)"
            )
        }
    }
}
