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
        let length = draft.constant(Tensor(shape: [], integers: [20]))
        let frames = draft.add(
            "STFT",
            [signals, step, window, length],
            ["onesided": .int(oneSided)]
        )
        draft.finish(frames)
        try PatternTests.expectSame(draft, draft.defined(), "\(hasWindow), \(oneSided)")
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
