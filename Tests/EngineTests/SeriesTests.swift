import Compute
import Engine
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// The laws of convolution with one spatial axis, on random shapes.
@Suite struct SeriesTests {
    /// A random convolution whose window fits.
    private func convolution(_ random: inout SeededGenerator) -> SeriesConvolution {
        var one = SeriesConvolution()
        one.groups = [1, 1, 1, 2, 3].randomElement(using: &random) ?? 1
        one.channels = one.groups * random.int(1...20)
        one.outputs = one.groups * random.int(1...20)
        one.kernel = random.int(1...9)
        one.stride = random.int(1...4)
        one.dilation = random.int(1...3)
        one.pads = [random.int(0...5), random.int(0...5)]
        one.length = (one.kernel - 1) * one.dilation + random.int(1...40)
        fill(&one, &random)
        return one
    }

    private func fill(_ one: inout SeriesConvolution, _ random: inout SeededGenerator) {
        one.input = random.floats(one.channels * one.length)
        one.weights = random.floats(one.outputs * one.inputsPerGroup * one.kernel)
        one.bias = random.floats(one.outputs)
    }

    private func expectClose(_ result: [Float], _ expected: [Double], _ comment: String) {
        let scale = expected.reduce(1) { max($0, abs($1)) }
        TestSupport.expectClose(result, expected, .close, scale: scale, comment)
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `a random convolution of a series equals its definition`(_ name: String) throws {
        let kernels = try KernelSet.select(name)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let one = convolution(&random)
            expectClose(try one.run(on: kernels).values, one.expected, "seed \(seed), \(one)")
        }
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `a series is an image of one row, bit for bit`(_ name: String) throws {
        let kernels = try KernelSet.select(name)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let one = convolution(&random)
            let series = try one.run(on: kernels)
            var graph = one.graph
            graph.constants["w"]?.shape = [one.outputs, one.inputsPerGroup, 1, one.kernel]
            graph.inputs[0].dimensions.append(nil)
            graph.nodes[0].attributes["strides"] = .ints([1, one.stride])
            graph.nodes[0].attributes["dilations"] = .ints([1, one.dilation])
            graph.nodes[0].attributes["pads"] = .ints([0, one.pads[0], 0, one.pads[1]])
            let input = Tensor(shape: [1, one.channels, 1, one.length], floats: one.input)
            let image = try GraphRunner(kernels: kernels)
                .run(graph, inputs: ["x": input], outputs: ["conv"])[0]
            #expect(image.shape == [1, one.outputs, 1, series.shape[2]])
            expectSameBits(series.values, image.values, "seed \(seed), \(one)")
        }
    }

    @Test func `a stride keeps every s-th output of unit stride, for a part of the work`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for kernels in KernelSet.supported {
            for _ in 0..<20 {
                var one = convolution(&random)
                let strided = try one.run(on: kernels)
                let stride = one.stride
                let strideWork = try work(one, kernels)
                one.stride = 1
                let dense = try one.run(on: kernels)
                let length = dense.shape[2]
                let kept = stride == 0 ? [] : Array(Swift.stride(from: 0, to: length, by: stride))
                let expected = (0..<one.outputs).flatMap { output in
                    kept.map { Double(dense.values[output * length + $0]) }
                }
                expectClose(strided.values, expected, "seed \(seed), stride \(stride), \(one)")
                let unitWork = try work(one, kernels)
                #expect(strideWork * length == unitWork * kept.count, "seed \(seed)")
            }
        }
    }

    private func work(_ one: SeriesConvolution, _ kernels: KernelSet) throws -> Int {
        let input = Tensor(shape: [1, one.channels, one.length], floats: one.input)
        return try GraphRunner(kernels: kernels)
            .plan(one.graph, inputs: ["x": input], outputs: ["conv"]).multiplyAdds
    }

    @Test func `same keeps the length, full gives length and kernel less one`() throws {
        let kernels = try KernelSet.select(nil)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            var one = convolution(&random)
            (one.stride, one.dilation) = (1, 1)
            one.pads = [(one.kernel - 1) / 2, one.kernel / 2]
            #expect(try one.run(on: kernels).shape[2] == one.length, "seed \(seed)")
            one.pads = [one.kernel - 1, one.kernel - 1]
            let full = try one.run(on: kernels)
            #expect(full.shape[2] == one.length + one.kernel - 1, "seed \(seed)")
            expectClose(full.values, one.expected, "seed \(seed)")
        }
    }

    @Test func `g groups equal g separate convolutions`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for kernels in KernelSet.supported {
            for _ in 0..<15 {
                let one = convolution(&random)
                let whole = try one.run(on: kernels)
                let outputs = one.outputs / one.groups
                for group in 0..<one.groups {
                    var part = one
                    (part.groups, part.channels, part.outputs) = (1, one.inputsPerGroup, outputs)
                    let (values, weights) = (
                        part.channels * one.length, outputs * part.channels * one.kernel
                    )
                    part.input = Array(one.input[group * values..<(group + 1) * values])
                    part.weights = Array(one.weights[group * weights..<(group + 1) * weights])
                    part.bias = Array(one.bias[group * outputs..<(group + 1) * outputs])
                    let size = outputs * whole.shape[2]
                    expectClose(
                        Array(whole.values[group * size..<(group + 1) * size]),
                        try part.run(on: kernels).values.map { Double($0) },
                        "seed \(seed), group \(group), \(one)"
                    )
                }
            }
        }
    }

    @Test func `a shifted series has a shifted output`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for kernels in KernelSet.supported {
            for _ in 0..<15 {
                var one = convolution(&random)
                (one.stride, one.pads) = (1, [0, 0])
                let before = try one.run(on: kernels)
                let shift = random.int(1...max(1, before.shape[2] - 1))
                let length = one.length
                // A new beginning, then the old series without its end.
                one.input = (0..<one.channels).flatMap { channel in
                    random.floats(shift)
                        + one.input[channel * length..<(channel + 1) * length]
                        .prefix(max(0, length - shift))
                }
                one.length = one.input.count / one.channels
                guard one.length == length else { continue }
                let after = try one.run(on: kernels)
                let positions = before.shape[2]
                for output in 0..<one.outputs where shift < positions {
                    let row = output * positions
                    expectClose(
                        Array(after.values[row + shift..<row + positions]),
                        before.values[row..<row + positions - shift].map { Double($0) },
                        "seed \(seed), shift \(shift), \(one)"
                    )
                }
            }
        }
    }
}
