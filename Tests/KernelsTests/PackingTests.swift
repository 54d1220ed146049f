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

    private func floats(_ packed: PackedWeights) -> [Float] {
        let memory = TestMemory()
        defer { memory.release() }
        return (0..<packed.count).map { memory.pointer(packed)[$0] }
    }
}
