import Graph
import TestSupport
import Testing

@testable import Quantising

@Suite struct ValueStepsTests {
    @Test func `steps hold zero and the ends`() {
        for (low, high) in [(Float(0), Float(6)), (-1, 1), (-3, 0), (-0.1, 12.5), (0, 1e-3)] {
            let steps = ValueSteps(low: low, high: high)
            #expect(steps.rounded(0) == 0)
            #expect(abs(steps.rounded(high) - high) <= steps.scale)
            #expect(abs(steps.rounded(low) - low) <= steps.scale)
            #expect((0...255).contains(steps.zero))
        }
        #expect(ValueSteps(low: 0, high: 0) == ValueSteps(scale: 1, zero: 0))
        #expect(ValueSteps(low: 0, high: .leastNonzeroMagnitude) == ValueSteps(scale: 1, zero: 0))
    }

    @Test func `one number far from all others does not make the steps wide`() {
        var random = SeededGenerator(seed: 1)
        let values = random.floats(200_000) + [8]
        var range = ValueRange()
        range.widen(values + [.nan, .infinity])
        range.count(values)
        #expect(range.high == 8)
        #expect(range.steps.scale < 0.9 * 9 / 255)
    }

    @Test func `weights are rounded by slices`() {
        let weights = QuantisedWeights([1, -2, 127, 0.5, 0, 0], [3, 2], axis: 0)
        #expect(weights.scales == [Float(2) / 127, 1, 1])
        #expect(weights.integers == [64, -127, 127, 0, 0, 0])
        let columns = QuantisedWeights([1, -2, 0.5, 4], [2, 2], axis: 1)
        #expect(columns.scales == [Float(1) / 127, Float(4) / 127])
        #expect(columns.integers == [127, -64, 64, 127])
    }
}
