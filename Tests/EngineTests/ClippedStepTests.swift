import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Integers that Clip keeps inside of a range, as Brevitas writes numbers of fewer than 8 bits.
@Suite struct ClippedStepTests {
    @Test(arguments: [ElementType.uint8, .int8], [false, true])
    func `a layer's integers end where Clip says`(type: ElementType, isAsked: Bool) throws {
        var d = PatternDraft(seed: 3)
        func number(_ value: Int) -> String {
            d.constant(
                Tensor(
                    shape: [],
                    elements: type == .int8 ? .int8([Int8(value)]) : .uint8([UInt8(value)])
                )
            )
        }
        let (low, high, zero) = type == .int8 ? (-7, 7, 0) : (0, 15, 4)
        let steps = [d.number(0.11), number(zero)]
        let bounds = [number(low), number(high)]
        var asked: [String] = []
        func requantised(_ value: String) -> String {
            let integers = d.add("QuantizeLinear", [value] + steps)
            asked.append(integers)
            return d.add("DequantizeLinear", [d.add("Clip", [integers] + bounds)] + steps)
        }
        let x = requantised(d.input([1, 3, 6, 7]))
        let kernels = d.constant(
            Tensor(
                shape: [9, 3, 3, 3],
                elements: .int8((0..<243).map { Int8($0 * 29 % 15 - 7) })
            )
        )
        let scale = d.number(0.05)
        let weights = d.add("DequantizeLinear", [kernels, scale])
        let sums = d.add("Conv", [x, weights], ["pads": .ints([1, 1, 1, 1])])
        let y = requantised(d.add("Relu", [sums]))
        if isAsked { d.finish(y, asked[1]) } else { d.finish(y) }
        let expected = try d.defined()
        let program = try d.imported()
        #expect(program.wholePlan(like: d.inputs, outputs: d.graph.outputs) != nil)
        let results = try program.run(d.inputs, outputs: d.graph.outputs, isCancelled: { false })
        let floats = try #require(results[0].floats)
        let reference = try #require(expected[y]?.floats)
        let worst = zip(floats, reference).map { abs($0 - $1) }.max() ?? 0
        // A sum that is rounded differently moves a quantum.
        #expect(worst <= 0.111, "\(worst)")
        #expect(floats.allSatisfy { $0 <= 0.11 * Float(high - zero) + 1e-5 })
        if isAsked { #expect(results[1].elements.signed?.contains { $0 > high } == true) }
        let known = KnownValues(
            shape: { expected[$0]?.shape },
            type: { expected[$0]?.type }
        )
        let graph = try Rewrites.apply(
            to: program.graph,
            wanted: Set(d.graph.outputs),
            known: known
        )
        let clips = graph.nodes.count { $0.op == "Clip" }
        #expect(clips == (isAsked ? 2 : 1), "\(graph.nodes.map(\.op))")
    }
}
