import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Transforms of a signal's frames are products of a plan, and give what the definition gives.
@Suite struct SpectrumTests {
    @Test(arguments: [true, false], [0, 1])
    func `frames are transformed by a product`(hasWindow: Bool, oneSided: Int) throws {
        var draft = PatternDraft(seed: 6)
        let signals = draft.input([2, 90, 1], scale: 1)
        let step = draft.constant(Tensor(shape: [], integers: [7]))
        let window = hasWindow ? draft.weights([20], around: 1) : ""
        // In 32 bits, as the operator may say it too.
        let length = draft.constant(Tensor(shape: [], elements: .int32([20])))
        let frames = draft.add(
            "STFT",
            [signals, step, window, length],
            ["onesided": .int(oneSided)]
        )
        draft.finish(frames)
        try PatternTests.expectSame(draft, draft.defined(), "\(hasWindow), \(oneSided)")
    }

    @Test func `an axis of 32 bits is the one that is meant`() throws {
        var draft = PatternDraft(seed: 9)
        let axis = draft.constant(Tensor(shape: [], elements: .int32([-2])))
        let signals = draft.input([2, 6, 10, 1], scale: 1)
        draft.finish(draft.add("DFT", [signals, "", axis]))
        try PatternTests.expectSame(draft, draft.defined(), "axis")
        var other = PatternDraft(seed: 9)
        let first = other.constant(Tensor(shape: [], elements: .int32([1])))
        other.finish(other.add("DFT", [other.input([2, 6, 10, 1], scale: 1), "", first]))
        let program = try Program(other.graph, tools: Self.tools)
        #expect(program.wholePlan(like: other.inputs, outputs: other.graph.outputs) == nil)
    }

    private static var tools: ProgramTools {
        ProgramTools(
            kernels: KernelSet.supported[0],
            workers: Workers(count: 1),
            memoryLimit: 1 << 28
        )
    }

    /// Their matrices would share a name if it were the node's.
    @Test func `signals of several lengths are transformed by matrices of their own`() throws {
        var draft = PatternDraft(seed: 7)
        let results = [12, 20].map { length in
            draft.add("DFT", [draft.input([3, length, 1], scale: 1)], ["onesided": .int(1)])
        }
        draft.finish(results[0], results[1])
        try PatternTests.expectSame(draft, draft.defined(), "two lengths")
    }
}
