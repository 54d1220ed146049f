import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// What convolution and its variants owe each other, on random shapes.
@Suite struct ConvolutionLawTests {
    private static let rounds = 12

    /// Calls `law` with random cases on every instruction set.
    private func check(_ law: (inout ConvolutionSample, KernelSet) throws -> Void) throws {
        for kernels in KernelSet.supported {
            for _ in 0..<Self.rounds {
                let seed = UInt64.random(in: 0...UInt64.max)
                var sample = ConvolutionSample(seed: seed)
                do {
                    try law(&sample, kernels)
                } catch {
                    Issue.record("seed \(seed), \(kernels.name): \(error)")
                }
            }
        }
    }

    @Test func `a stride is every s-th output of the unit stride, and that much cheaper`() throws {
        try check { sample, kernels in
            let strides = [sample.pick([1, 2, 3]), sample.pick([2, 3])]
            let unit = try sample.convolved(kernels)
            let strided = try sample.convolved(kernels, strides: strides)
            let expected = unit.values { channel, row, column in
                (row % strides[0], column % strides[1]) == (0, 0)
            }
            expectSameBits(strided.values, expected, sample.name)
            let (some, all) = (strided.shape.count, unit.shape.count)
            #expect(strided.multiplyAdds * all == unit.multiplyAdds * some, "\(sample.name)")
        }
    }

    @Test func `same keeps the size, full adds what valid takes`() throws {
        try check { sample, kernels in
            let (input, kernel) = (sample.image.shape, sample.kernels.shape)
            let same = try sample.convolved(kernels, ["auto_pad": .string("SAME_UPPER")])
            #expect(same.shape[2] == input[2] && same.shape[3] == input[3], "\(sample.name)")
            let (rows, columns) = (kernel[2] - 1, kernel[3] - 1)
            let full = try sample.convolved(
                kernels,
                ["pads": .ints([rows, columns, rows, columns])]
            )
            #expect(full.shape[2] == input[2] + rows, "\(sample.name)")
            #expect(full.shape[3] == input[3] + columns, "\(sample.name)")
            let valid = try sample.convolved(kernels, ["auto_pad": .string("VALID")])
            #expect(valid.shape[2] == input[2] - rows, "\(sample.name)")
            #expect(valid.shape[3] == input[3] - columns, "\(sample.name)")
            // The outputs of valid are the middle of full's.
            let middle = full.values { _, row, column in
                (rows..<input[2]).contains(row) && (columns..<input[3]).contains(column)
            }
            expectSameBits(valid.values, middle, sample.name)
        }
    }

    @Test func `valid windows of width 6 shrink 16 to 11 to 6 to 1, and there is no fourth`() throws
    {
        let kernels = try KernelSet.select(nil)
        for depth in 1...4 {
            let (graph, inputs) = Self.tower(depth: depth, pads: [0, 0, 0, 0])
            let output = ["conv\(depth)"]
            if depth < 4 {
                let result = try GraphRunner(kernels: kernels)
                    .run(graph, inputs: inputs, outputs: output)
                #expect(result[0].shape == [1, 1, 1, 16 - 5 * depth])
            } else {
                let error = #expect(throws: ModelError.self) {
                    try GraphRunner(kernels: kernels).run(graph, inputs: inputs, outputs: output)
                }
                let message = error.map { "\($0)" } ?? ""
                for part in ["conv4", "1×6", "1×1"] {
                    #expect(message.contains(part), "\(message)")
                }
            }
        }
        // With five implicit zeros a layer any depth works.
        let (graph, inputs) = Self.tower(depth: 20, pads: [0, 2, 0, 3])
        let result = try GraphRunner(kernels: kernels)
            .run(graph, inputs: inputs, outputs: ["conv20"])
        #expect(result[0].shape == [1, 1, 1, 16])
    }

    /// Convolutions of width 6 one after the other, over a row of 16.
    private static func tower(depth: Int, pads: [Int]) -> (Graph, [String: Tensor]) {
        var graph = Graph()
        graph.inputs = [
            Graph.Input(name: "conv0", type: .float32, dimensions: [nil, 1, nil, nil])
        ]
        graph.constants["kernel"] = Tensor(shape: [1, 1, 1, 6], floats: [0, 0, 1, 0, 0, 0])
        for layer in 1...depth {
            graph.nodes.append(
                Node(
                    name: "conv\(layer)",
                    op: "Conv",
                    attributes: ["pads": .ints(pads)],
                    inputs: ["conv\(layer - 1)", "kernel"],
                    outputs: ["conv\(layer)"]
                )
            )
        }
        let image = Tensor(shape: [1, 1, 1, 16], floats: (0..<16).map { Float($0) })
        return (graph, ["conv0": image])
    }

    @Test func `a tiling of one kernel is a convolution`() throws {
        try check { sample, kernels in
            let shape = sample.kernels.shape
            let weights = Tensor(
                shape: [shape[0], shape[1], shape[2], shape[3], 1, 1],
                floats: sample.kernels.floats ?? []
            )
            let tiled = try sample.run("TiledConv", weights, ["tile": .ints([1, 1])], kernels)
            expectSameBits(tiled.values, try sample.convolved(kernels).values, sample.name)
        }
    }

    @Test func `a tiling as large as the output is locally connected`() throws {
        try check { sample, kernels in
            let (weights, output) = sample.localWeights()
            let local = try sample.run("LocallyConnected", weights, [:], kernels)
            #expect(local.shape == output)
            let tile = Attribute.ints([output[2], output[3]])
            let tiled = try sample.run(
                "TiledConv",
                sample.tiledWeights(from: weights),
                ["tile": tile],
                kernels
            )
            expectSameBits(tiled.values, local.values, sample.name)
        }
    }

    @Test func `locally connected with the same kernel everywhere is a convolution`() throws {
        try check { sample, kernels in
            let local = try sample.run("LocallyConnected", sample.repeatedKernels(), [:], kernels)
            expectSameBits(local.values, try sample.convolved(kernels).values, sample.name)
        }
    }

    @Test func `a full connection table is a convolution`() throws {
        try check { sample, kernels in
            let shape = sample.kernels.shape
            let weights = Tensor(
                shape: [shape[0] * shape[1], shape[2], shape[3]],
                floats: sample.kernels.floats ?? []
            )
            let set = Array(0..<shape[1])
            let full = try sample.run(
                "Conv",
                weights,
                [
                    "connections": .ints((0..<shape[0]).flatMap { _ in set }),
                    "connection_counts": .ints(Array(repeating: shape[1], count: shape[0])),
                ],
                kernels
            )
            let plain = try sample.convolved(kernels)
            #expect(full.multiplyAdds == plain.multiplyAdds)
            expectClose(
                full.values,
                plain.values.map(Double.init),
                scale: max(plain.largest, sample.termScale),
                sample.name
            )
        }
    }

    @Test func `groups are as many convolutions`() throws {
        try check { sample, kernels in
            let groups = sample.pick([2, 3])
            let parts = (0..<groups).map { _ in sample.another() }
            var whole = sample
            whole.join(parts)
            let together = try whole.convolved(kernels, ["group": .int(groups)])
            let alone = try parts.map { try $0.convolved(kernels) }
            let expected = alone.flatMap(\.values)
            #expect(together.multiplyAdds == alone.reduce(0) { $0 + $1.multiplyAdds })
            expectClose(
                together.values,
                expected.map(Double.init),
                scale: max(alone.map(\.largest).max() ?? 0, sample.termScale),
                sample.name
            )
        }
    }

    @Test func `shifting the input shifts a convolution, and nothing else`() throws {
        try check { sample, kernels in
            let shift = (sample.pick([0, 1, 2]), sample.pick([1, 2, 3]))
            let shifted = sample.shifted(rows: shift.0, columns: shift.1)
            for isShared in [true, false] {
                let weights = isShared ? sample.repeatedKernels() : sample.localWeights().0
                let before = try sample.run("LocallyConnected", weights, [:], kernels)
                let after = try shifted.run("LocallyConnected", weights, [:], kernels)
                let (height, width) = (before.shape[2], before.shape[3])
                let moved = after.values { _, row, column in row >= shift.0 && column >= shift.1 }
                let kept = before.values { _, row, column in
                    row < height - shift.0 && column < width - shift.1
                }
                if isShared {
                    let plain = try shifted.convolved(kernels)
                    expectSameBits(plain.values, after.values, sample.name)
                    expectSameBits(moved, kept, sample.name)
                } else if !kept.isEmpty {
                    #expect(moved != kept, "\(sample.name)")
                }
            }
        }
    }
}
