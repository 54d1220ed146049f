import Compute
import TestSupport
import Testing

/// What the kernels' own tests do not pin down: dense products, pairs and gates.
@Suite struct PackingTests {
    @Test(arguments: KernelSet.supported)
    func `both orders of a dense matrix pack alike`(kernels: KernelSet) {
        var random = SeededGenerator(seed: Seeds.base)
        for (inputs, outputs) in [(1, 1), (16, 16), (20, 50), (33, 96)] {
            let rows = random.floats(inputs * outputs)
            let columns = (0..<inputs * outputs).map { rows[$0 % outputs * inputs + $0 / outputs] }
            let order = OutputOrder.plain(outputs)
            let outputMajor = Packing.dense(
                rows,
                order,
                inputs: inputs,
                outputs: outputs,
                isInputMajor: false,
                for: kernels
            )
            let inputMajor = Packing.dense(
                columns,
                order,
                inputs: inputs,
                outputs: outputs,
                isInputMajor: true,
                for: kernels
            )
            expectIdentical(floats(outputMajor), floats(inputMajor), "\(inputs)→\(outputs)")
            let convolution = Packing.convolution(
                rows,
                order,
                inputs: inputs,
                height: 1,
                width: 1,
                for: kernels
            )
            expectIdentical(floats(outputMajor), floats(convolution), "\(inputs)→\(outputs)")
        }
    }

    @Test func `pairs land in neighbouring blocks at the same lane`() {
        let outputs = 2 * 20
        let packed = floats(
            Packing.vector((0..<outputs).map { Float($0 + 1) }, .maxoutPairs(outputs))
        )
        #expect(packed.count == 4 * 16)
        for channel in 0..<32 {
            for member in 0...1 {
                let expected = channel < 20 ? Float(2 * channel + member + 1) : 0
                #expect(packed[(2 * (channel / 16) + member) * 16 + channel % 16] == expected)
            }
        }
    }

    @Test func `gates of a hidden block follow each other`() {
        let (gates, hidden) = (3, 20)
        let values = (0..<gates * hidden).map { Float($0 + 1) }
        let packed = floats(Packing.vector(values, .gates(gates, hidden: hidden)))
        #expect(packed.count == 2 * gates * 16)
        for unit in 0..<32 {
            for gate in 0..<gates {
                let expected = unit < hidden ? values[gate * hidden + unit] : 0
                #expect(packed[(unit / 16 * gates + gate) * 16 + unit % 16] == expected)
            }
        }
    }

    @Test func `packed weights lie on a 64-byte boundary`() {
        let memory = TestMemory()
        defer { memory.release() }
        let packed = Packing.vector([1, 2, 3], .plain(3))
        #expect(UInt(bitPattern: memory.pointer(packed)) % 64 == 0)
        #expect([0, 1, 16, 17].map(blocks(of:)) == [0, 1, 1, 2])
    }

    @Test(arguments: KernelSet.supported)
    func `parts of a layer pack as they lie in the whole`(kernels: KernelSet) {
        var random = SeededGenerator(seed: Seeds.base)
        let (outputs, inputs, taps) = (80, 20, 9)
        let weights = random.floats(outputs * inputs * taps)
        let perBlock = 16 * 32 * taps
        let whole = Packing.convolution(
            weights,
            .plain(outputs),
            inputs: inputs,
            height: 3,
            width: 3,
            for: kernels
        )
        let joined = PackedWeights(count: outputs / 16 * perBlock) { target in
            for first in stride(from: 0, to: outputs, by: 32) {
                let part = first..<min(first + 32, outputs)
                let numbers = Array(weights[part.lowerBound * 180..<part.upperBound * 180])
                Packing.convolution(
                    numbers.span,
                    .plain(part.count),
                    inputs: inputs,
                    height: 3,
                    width: 3,
                    for: kernels,
                    into: target + first / 16 * perBlock
                )
            }
        }
        expectIdentical(floats(joined), floats(whole), "convolution")
    }

    @Test func `parts of a recurrent layer pack as they lie in the whole`() {
        var random = SeededGenerator(seed: Seeds.base)
        let (gates, hidden) = (4, 40)
        let weights = random.floats(gates * hidden * hidden)
        let joined = PackedWeights(count: 3 * gates * 16 * hidden) { target in
            for first in [0, 32] {
                let units = first..<min(first + 32, hidden)
                let rows = (0..<gates).flatMap { gate in
                    weights[
                        (gate * hidden + units.lowerBound)
                            * hidden..<(gate * hidden + units.upperBound) * hidden
                    ]
                }
                Packing.recurrent(
                    rows.span,
                    gates: gates,
                    hidden: units.count,
                    states: hidden,
                    into: target + first / 16 * gates * 16 * hidden
                )
            }
        }
        let whole = Packing.recurrent(weights, gates: gates, hidden: hidden)
        expectIdentical(floats(joined), floats(whole), "R")
    }

    /// G g Gt, row by row and then column by column, each sum from left to right.
    private func transformed(_ taps: [Float], size: Int) -> [Float] {
        let small: [[Double]] = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
        let large: [[Double]] = [
            [1.0 / 4, 0, 0], [-1.0 / 6, -1.0 / 6, -1.0 / 6], [-1.0 / 6, 1.0 / 6, -1.0 / 6],
            [1.0 / 24, 1.0 / 12, 1.0 / 6], [1.0 / 24, -1.0 / 12, 1.0 / 6], [0, 0, 1],
        ]
        let matrix = size == 2 ? small : large
        func line(_ g: [Double]) -> [Double] {
            matrix.map { $0[0] * g[0] + $0[1] * g[1] + $0[2] * g[2] }
        }
        let columns = (0..<3).map { j in line((0..<3).map { Double(taps[$0 * 3 + j]) }) }
        return matrix.indices.flatMap { i in line(columns.map { $0[i] }).map { Float($0) } }
    }

    @Test(arguments: KernelSet.supported, [2, 4])
    func `Winograd's kernels are G g Gt in double precision`(kernels: KernelSet, size: Int) {
        var random = SeededGenerator(seed: Seeds.base)
        let (outputs, inputs, width) = (80, 17, 2 * kernels.blocksPerTile)
        let weights = random.floats(outputs * inputs * 9)
        let (values, rows) = ((size + 2) * (size + 2), 32)
        let packed = PackedWeights(count: outputs * values * rows) { target in
            Packing.winograd(
                weights.span,
                .plain(outputs),
                inputs: inputs,
                size: size,
                width: width,
                for: kernels,
                into: target
            )
        }
        var expected = [Float](repeating: 0, count: packed.count)
        for output in 0..<outputs {
            let block = output / 16
            let chunk = block / width * width
            let count = min(width, 5 - chunk)
            let tile = (block - chunk) / kernels.blocksPerTile * kernels.blocksPerTile
            let lanes = min(kernels.blocksPerTile, count - tile) * 16
            let lane = (block - chunk - tile) * 16 + output % 16
            for input in 0..<inputs {
                let start = (output * inputs + input) * 9
                let made = transformed(Array(weights[start..<start + 9]), size: size)
                for value in 0..<values {
                    let place = chunk * values * rows * 16 + (value * count + tile) * rows * 16
                    expected[place + input * lanes + lane] = made[value]
                }
            }
        }
        expectIdentical(floats(packed), expected, "F(\(size)×\(size))")
    }

    private func floats(_ packed: PackedWeights) -> [Float] {
        let memory = TestMemory()
        defer { memory.release() }
        return (0..<packed.count).map { memory.pointer(packed)[$0] }
    }
}
