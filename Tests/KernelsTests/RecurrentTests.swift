import Compute
import KernelInterface
import TestSupport
import Testing

@Suite struct RecurrentTests {
    @Test(arguments: KernelSet.supported, RecurrentCase.Layer.allCases)
    func `a step equals its definition`(kernels: KernelSet, layer: RecurrentCase.Layer) {
        var random = SeededGenerator(seed: Seeds.base)
        for (hidden, batch) in [
            (1, 1), (16, 1), (17, 1), (40, 2), (130, 1), (150, 3), (33, 4), (48, 7), (20, 15),
            (64, 9),
        ] {
            let step = RecurrentCase(layer, hidden: hidden, batch: batch, random: &random)
            let (actual, expected) = (step.run(kernels), step.reference())
            let comment = "\(kernels.name), \(step.description), seed \(Seeds.base)"
            expectClose(actual.hidden, expected.hidden, comment)
            expectClose(actual.cell, expected.cell, comment)
        }
    }

    @Test(arguments: KernelSet.supported)
    func `the plain cell has its choice of activations`(kernels: KernelSet) {
        var random = SeededGenerator(seed: Seeds.base)
        for activation in [Activation.none, .relu, .tanh, .sigmoid, .saturating] {
            var step = RecurrentCase(.rnn, hidden: 35, batch: 3, random: &random)
            step.activation = activation
            expectClose(step.run(kernels).hidden, step.reference().hidden, step.description)
        }
    }

    @Test(arguments: KernelSet.supported, RecurrentCase.Layer.allCases)
    func `a sequence gets the same bits alone, in a batch and in pieces`(
        kernels: KernelSet,
        layer: RecurrentCase.Layer
    ) {
        var random = SeededGenerator(seed: Seeds.base)
        for hidden in [16, 100, 150] {
            let whole = RecurrentCase(layer, hidden: hidden, batch: 19, random: &random)
            let expected = whole.run(kernels)
            for size in [1, 2, 3, 4, 5, 6, 7, 8, 11] {
                let part = whole.slice(3..<3 + size)
                for width in [1, 2, 5, 100] {
                    let count = blocks(of: hidden)
                    let ranges = stride(from: 0, to: count, by: width).map {
                        $0..<min($0 + width, count)
                    }
                    let actual = part.run(kernels, ranges: ranges)
                    let span = 3 * hidden..<(3 + size) * hidden
                    let comment = "\(kernels.name), \(part.description), \(width) blocks at once"
                    expectIdentical(actual.hidden, Array(expected.hidden[span]), comment)
                    if layer == .lstm {
                        expectIdentical(actual.cell, Array(expected.cell[span]), comment)
                    }
                }
            }
        }
    }
}
