import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// 1x1 layers over images that no cache holds are computed band by band, with what follows them element by element.
@Suite struct BandTests {
    @Test func `a band's rows are those of the whole image`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var d = PatternDraft(seed: seed)
        let outputs = 16 * random.int(8...10) - random.int(0...15)
        let x = d.input([1, 3, random.int(130...140), random.int(130...140)])
        // What a 3x3 layer gives lies in blocks.
        let pads: [String: Attribute] = ["pads": .ints([1, 1, 1, 1])]
        let image = d.add("Conv", [x, d.weights([16, 3, 3, 3])], pads)
        let sums = d.add("Conv", [image, d.weights([outputs, 16, 1, 1]), d.weights([outputs])])
        let shifted = d.add("Mul", [d.add("Gelu", [sums]), d.weights([1, outputs, 1, 1])])
        d.finish(d.add("Conv", [shifted, d.weights([1, outputs, 1, 1])]))
        let reference = try #require(try d.defined()[d.graph.outputs[0]]?.floats)
        for kernels in KernelSet.supported {
            let tools = ProgramTools(
                kernels: kernels,
                workers: Workers(count: 2, minimumWork: 0),
                memoryLimit: 1 << 30
            )
            let program = try Program(d.graph, tools: tools)
            let plan = try #require(program.wholePlan(like: d.inputs, outputs: d.graph.outputs))
            let tile = kernels.blocksPerTile
            let whole = ((outputs + 15) / 16 + tile - 1) / tile
            let isBanded = plan.stepNames.contains { $0.chunks >= 3 * whole }
            #expect(isBanded == (whole > 3), "\(kernels): \(plan.stepNames)")
            let result = try program.run(
                d.inputs,
                outputs: d.graph.outputs,
                isCancelled: { false }
            )[0]
            expectClose(
                try #require(result.floats),
                reference.map { Double($0) },
                .loose,
                scale: Double(reference.map { abs($0) }.max() ?? 1),
                "\(kernels), seed \(seed)"
            )
        }
    }
}
