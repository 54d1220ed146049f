import Compute
import KernelInterface
import TestSupport
import Testing

@Suite struct ElementwiseTests {
    @Test(arguments: KernelSet.supported, Array(0...50))
    func `sums and products take any count, in place too`(kernels: KernelSet, count: Int) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: UInt64(count))
        let (a, b) = (random.floats(count), random.floats(count))
        let (left, right) = (memory.floats(a), memory.floats(b))
        let target = memory.floats(count: count)
        kernels.table.add(left.start, right.start, target.start, count)
        expectIdentical(target.values, zip(a, b).map { $0 + $1 }, "\(kernels.name)")
        kernels.table.multiply(left.start, right.start, left.start, count)
        expectIdentical(left.values, zip(a, b).map { $0 * $1 }, "\(kernels.name)")
        #expect(target.isIntact && left.isIntact)
    }

    @Test(arguments: KernelSet.supported, [0, 1, 5, 31])
    func `each lane has its scale and shift`(kernels: KernelSet, vectors: Int) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: UInt64(vectors))
        let x = random.floats(vectors * 16)
        let (scale, shift) = (random.floats(16), random.floats(16))
        let target = memory.floats(count: vectors * 16)
        kernels.table.scaleShift(
            memory.floats(x).start,
            memory.floats(scale).start,
            memory.floats(shift).start,
            target.start,
            vectors
        )
        let expected = x.indices.map { index in
            var sum = Reference(Double(shift[index % 16]))
            sum.add(Double(x[index]) * Double(scale[index % 16]))
            return sum
        }
        expectClose(target.values, expected, tolerance: 2e-7, "\(kernels.name)")
    }

    @Test(arguments: KernelSet.supported)
    func `the peak loop counts its multiply-adds and stays finite`(kernels: KernelSet) {
        let memory = TestMemory()
        defer { memory.release() }
        let sink = memory.floats([Float](repeating: 0.5, count: 16))
        let count = kernels.table.peak(1000, sink.start)
        #expect(count > 1000 * 16 && count % 16000 == 0)
        #expect(sink.values.filter { !$0.isFinite }.isEmpty)
    }
}
