import Compute
import Foundation
import KernelInterface
import TestSupport
import Testing

@Suite struct ActivationTests {
    /// Numbers of every magnitude, both signs, more densely where the functions bend.
    private static let samples: [Float] = {
        var random = SeededGenerator(seed: 7)
        let bits = (0..<60_000).map { _ in
            Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random))
        }
        return random.floats(100_000, in: -20...20) + random.floats(50_000, in: -1...1)
            + random.floats(20_000, in: -100...100) + bits.filter { $0.isFinite }
    }()

    @Test(arguments: KernelSet.supported)
    func `tanh and sigmoid are within 2.5 ulp`(kernels: KernelSet) {
        let tanhError = worst(kernels, .tanh, tanhReference)
        #expect(tanhError.ulps <= 2.5, "tanh(\(tanhError.x)) is \(tanhError.ulps) ulp off")
        let sigmoidError = worst(kernels, .sigmoid, sigmoidReference)
        #expect(
            sigmoidError.ulps <= 2.5,
            "sigmoid(\(sigmoidError.x)) is \(sigmoidError.ulps) ulp off"
        )
    }

    @Test(arguments: KernelSet.supported, Array(0...40))
    func `activations take any count, in place too`(kernels: KernelSet, count: Int) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: UInt64(count))
        let x = random.floats(count, in: -3...3)
        for activation in [Activation.none, .relu, .tanh, .sigmoid, .saturating] {
            let target = memory.floats(count: count)
            kernels.table.activate(activation, memory.floats(x).start, target.start, count)
            let same = memory.floats(x)
            kernels.table.activate(activation, same.start, same.start, count)
            expectIdentical(target.values, same.values, "\(kernels.name), \(activation)")
            let expected = x.map { x -> Reference in
                switch activation {
                case .tanh: Reference(tanhReference(Double(x)))
                case .sigmoid: Reference(sigmoidReference(Double(x)))
                case .relu: Reference(Double(max(x, 0)))
                case .saturating: Reference(Double(min(1, max(0, x))))
                case .none, .maxoutPair: Reference(Double(x))
                }
            }
            expectClose(target.values, expected, tolerance: 4e-7, "\(kernels.name), \(activation)")
        }
    }

    @Test(arguments: KernelSet.supported)
    func `NaN passes and infinities saturate`(kernels: KernelSet) {
        let x: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, .greatestFiniteMagnitude]
        #expect(run(kernels, .tanh, x).dropFirst() == [1, -1, 0, 0, 1])
        #expect(run(kernels, .relu, x).dropFirst() == [.infinity, 0, 0, 0, x[5]])
        let sigmoid = run(kernels, .sigmoid, x)
        #expect(sigmoid[1] == 1 && sigmoid[2] < 1e-37 && sigmoid[3] == 0.5 && sigmoid[5] == 1)
        for activation in [Activation.none, .relu, .tanh, .sigmoid, .saturating] {
            #expect(run(kernels, activation, x)[0].isNaN, "\(activation)")
        }
    }

    private func run(_ kernels: KernelSet, _ activation: Activation, _ x: [Float]) -> [Float] {
        let memory = TestMemory()
        defer { memory.release() }
        let y = memory.floats(x)
        kernels.table.activate(activation, y.start, y.start, x.count)
        return y.values
    }

    private func worst(
        _ kernels: KernelSet,
        _ activation: Activation,
        _ reference: (Double) -> Double
    ) -> (x: Float, ulps: Double) {
        let samples = Self.samples.filter { activation == .tanh || $0 > -87 }
        let results = run(kernels, activation, samples)
        var worst: (x: Float, ulps: Double) = (0, 0)
        for (x, y) in zip(samples, results) {
            let error = ulps(y, reference(Double(x)))
            if !(error <= worst.ulps) { worst = (x, error) }
        }
        return worst
    }
}

@Suite struct SoftmaxTests {
    @Test(arguments: KernelSet.supported, [1, 2, 3, 10, 15, 16, 17, 31, 33, 100, 1000])
    func `softmax and its logarithm equal their definitions`(kernels: KernelSet, count: Int) {
        let memory = TestMemory()
        defer { memory.release() }
        var random = SeededGenerator(seed: UInt64(count))
        for range in [-1...Float(1), -30...30, -1e4...1e4] {
            let x = random.floats(count, in: range)
            let largest = x.reduce(-Double.infinity) { max($0, Double($1)) }
            let sum = x.reduce(0) { $0 + exp(Double($1) - largest) }
            let target = memory.floats(count: count)
            kernels.table.softmax(memory.floats(x).start, target.start, count)
            // x − m is rounded before its exponential is taken; what is not a normal number may be 0.
            expectClose(
                target.values,
                x.map { x in
                    let y = exp(Double(x) - largest) / sum
                    return Reference(
                        y,
                        magnitude: y * (1 + (Double(x).magnitude + largest.magnitude) / 8) + 1e-31
                    )
                },
                tolerance: 1e-6,
                "\(kernels.name), \(count) in \(range)"
            )
            kernels.table.logSoftmax(memory.floats(x).start, target.start, count)
            expectClose(
                target.values,
                x.map { x in
                    let y = Double(x) - largest - log(sum)
                    return Reference(y, magnitude: y.magnitude + 1)
                },
                tolerance: 3e-7,
                "logarithm, \(kernels.name), \(count) in \(range)"
            )
            #expect(target.isIntact)
        }
    }

    @Test(arguments: KernelSet.supported)
    func `exponentials are within 2.5 ulp`(kernels: KernelSet) {
        let memory = TestMemory()
        defer { memory.release() }
        // Beside 0, a logit x below 0 gets e^x / (1 + e^x), and 1 + e^x is 1 when e^x is small enough.
        var random = SeededGenerator(seed: 3)
        var worst = 0.0
        let row = memory.floats(count: 2)
        for x in random.floats(20_000, in: -87...(-17.5)) {
            row[0] = 0
            row[1] = x
            kernels.table.softmax(row.start, row.start, 2)
            worst = max(worst, ulps(row[1], exp(Double(x))))
        }
        #expect(worst <= 2.5)
    }

    @Test(arguments: KernelSet.supported)
    func `NaN and lone infinities are answered as IEEE says`(kernels: KernelSet) {
        let memory = TestMemory()
        defer { memory.release() }
        for count in [3, 16, 20] {
            let x = memory.floats(count: count, repeating: 1)
            x[count - 1] = .nan
            let y = memory.floats(count: count)
            kernels.table.softmax(x.start, y.start, count)
            #expect(y.values.filter { !$0.isNaN }.isEmpty)
            kernels.table.logSoftmax(x.start, y.start, count)
            #expect(y.values.filter { !$0.isNaN }.isEmpty)
            x[count - 1] = -.infinity
            kernels.table.softmax(x.start, y.start, count)
            #expect(y[count - 1] == 0)
            #expect(abs(y[0] - 1 / Float(count - 1)) < 1e-6)
        }
    }
}
