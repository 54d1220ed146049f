import Compute
import KernelInterface
import TestSupport
import Testing

@Suite struct ConvolutionTests {
    @Test(arguments: KernelSet.supported, Seeds.first(60))
    func `a blocked convolution equals its definition`(kernels: KernelSet, seed: UInt64) {
        check(.blocked, kernels, seed)
    }

    @Test(arguments: KernelSet.supported, Seeds.first(40))
    func `a planar convolution equals its definition`(kernels: KernelSet, seed: UInt64) {
        check(.planar, kernels, seed)
    }

    @Test(arguments: KernelSet.supported, Seeds.first(60))
    func `a convolution from planes to planes equals its definition`(
        kernels: KernelSet,
        seed: UInt64
    ) {
        check(.planes, kernels, seed)
    }

    @Test(arguments: KernelSet.supported, Seeds.first(20))
    func `planes and blocks get the same bits`(kernels: KernelSet, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var convolution = ConvolutionCase(random: &random, kind: .planes)
        let planes = convolution.run(kernels).values
        convolution.kind = .planar
        expectIdentical(
            planes,
            convolution.run(kernels).values,
            "\(kernels.name), seed \(seed), \(convolution.description)"
        )
    }

    @Test(arguments: KernelSet.supported, Seeds.first(40))
    func `a depthwise convolution equals its definition`(kernels: KernelSet, seed: UInt64) {
        check(.depthwise, kernels, seed)
    }

    @Test(arguments: KernelSet.supported, 1...33)
    func `every width meets a tile that fits`(kernels: KernelSet, width: Int) {
        var random = SeededGenerator(seed: Seeds.base + UInt64(width))
        for outputs in [16, 48, 150] {
            for activation in [Activation.relu, .maxoutPair] {
                var convolution = ConvolutionCase(
                    inputs: 16,
                    outputs: outputs,
                    kernel: (1, 2),
                    size: (2, width)
                )
                convolution.activation = activation
                convolution.fill(&random)
                let outcome = convolution.run(kernels)
                expectClose(
                    outcome.values,
                    convolution.reference(),
                    "\(kernels.name), \(convolution.description)"
                )
            }
        }
    }

    @Test(arguments: KernelSet.supported, Seeds.first(60))
    func `zeros around an image change no bit where they are passed over`(
        kernels: KernelSet,
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        var convolution = ConvolutionCase(
            random: &random,
            kind: seed % 3 == 0 ? .planar : .blocked
        )
        convolution.dilation = (random.int(1...7), random.int(1...7))
        convolution.fill(&random)
        convolution.surround(&random)
        let passing = convolution.run(kernels)
        let says = "\(kernels.name), seed \(seed), \(convolution.description)"
        #expect(passing.isIntact)
        expectClose(passing.values, convolution.reference(), says)
        convolution.image = ImageBounds()
        expectIdentical(passing.values, convolution.run(kernels).values, says)
    }

    @Test(arguments: KernelSet.supported, 1...20)
    func `kernels that no near cache holds are added in parts`(kernels: KernelSet, width: Int) {
        var random = SeededGenerator(seed: Seeds.base + UInt64(width))
        for (inputs, kernel, height) in [(70, (3, 3), 3), (200, (2, 3), 2), (900, (1, 1), 4)] {
            var convolution = ConvolutionCase(
                inputs: inputs,
                outputs: width % 2 == 0 ? 20 : 40,
                kernel: kernel,
                size: (height, width)
            )
            convolution.activation = [.none, .relu, .tanh][width % 3]
            convolution.gap = width % 2 * 16
            convolution.fill(&random)
            if width > 10 { convolution.surround(&random) }
            let outcome = convolution.run(kernels)
            #expect(outcome.isIntact)
            expectClose(
                outcome.values,
                convolution.reference(),
                "\(kernels.name), \(convolution.description), seed \(Seeds.base)"
            )
        }
    }

    @Test(arguments: KernelSet.supported)
    func `a pointwise convolution over contiguous rows equals its definition`(kernels: KernelSet) {
        var random = SeededGenerator(seed: Seeds.base)
        for size in [(1, 1), (7, 7), (14, 14), (3, 5), (1, 40)] {
            var convolution = ConvolutionCase(
                inputs: 48,
                outputs: 80,
                kernel: (1, 1),
                size: size
            )
            convolution.fill(&random)
            expectClose(
                convolution.run(kernels).values,
                convolution.reference(),
                "\(kernels.name), \(convolution.description), seed \(Seeds.base)"
            )
        }
    }

    @Test(arguments: KernelSet.supported)
    func `NaN passes through bias, Relu and maxout`(kernels: KernelSet) {
        for activation in [Activation.none, .relu, .tanh, .sigmoid, .maxoutPair] {
            for member in 0...1 {
                var convolution = ConvolutionCase(
                    inputs: 1,
                    outputs: 2,
                    kernel: (1, 1),
                    size: (1, 4)
                )
                convolution.activation = activation
                convolution.input = [1, 2, 3, 4]
                convolution.weights = [1, 1]
                convolution.bias = [0, 0]
                convolution.bias[member] = .nan
                let values = convolution.run(kernels).values
                let affected =
                    activation == .maxoutPair ? values : Array(values[member * 4..<member * 4 + 4])
                let missing = affected.filter { !$0.isNaN }
                #expect(missing.isEmpty, "\(kernels.name), \(activation)")
            }
        }
    }

    private func check(_ kind: ConvolutionCase.Kind, _ kernels: KernelSet, _ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let convolution = ConvolutionCase(random: &random, kind: kind)
        let outcome = convolution.run(kernels)
        #expect(outcome.isIntact)
        expectClose(
            outcome.values,
            convolution.reference(),
            "\(kernels.name), seed \(seed), \(convolution.description)"
        )
    }
}

@Suite struct ReductionOrderTests {
    @Test(arguments: KernelSet.supported)
    func `points get the same bits alone and among others`(kernels: KernelSet) {
        var random = SeededGenerator(seed: Seeds.base)
        let (inputs, outputs, most) = (70, 170, 32)
        let weights = random.floats(inputs * outputs)
        let bias = random.floats(outputs)
        let rows = random.floats(inputs * most)
        let activations: [Activation] = [.none, .tanh, .maxoutPair]
        for activation in activations {
            var whole: [[Float]] = []
            for points in [32, 15, 14, 7, 3, 2, 1] {
                var product = ConvolutionCase(
                    inputs: inputs,
                    outputs: outputs,
                    kernel: (1, 1),
                    size: (1, points)
                )
                product.activation = activation
                product.weights = weights
                product.bias = bias
                product.input = (0..<inputs * points).map {
                    rows[$0 % points * inputs + $0 / points]
                }
                let values = product.run(kernels).values
                let perPoint = (0..<points).map { point in
                    (0..<product.channels).map { values[$0 * points + point] }
                }
                if whole.isEmpty { whole = perPoint }
                for point in 0..<points {
                    expectIdentical(
                        perPoint[point],
                        whole[point],
                        "\(kernels.name), \(points) points, \(activation), seed \(Seeds.base)"
                    )
                }
            }
        }
    }

    @Test(arguments: KernelSet.supported, Seeds.first(20))
    func `ranges of blocks do not change a bit`(kernels: KernelSet, seed: UInt64) {
        for kind in [ConvolutionCase.Kind.blocked, .planar, .planes] {
            var random = SeededGenerator(seed: seed)
            let convolution = ConvolutionCase(random: &random, kind: kind)
            let count = convolution.count
            let ranges = stride(from: 0, to: count, by: 2).map { $0..<min($0 + 2, count) }
            expectIdentical(
                convolution.run(kernels, ranges: ranges).values,
                convolution.run(kernels).values,
                "\(kernels.name), seed \(seed), \(convolution.description)"
            )
        }
    }
}
