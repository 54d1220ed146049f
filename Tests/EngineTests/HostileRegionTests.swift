import Testing

@testable import Engine
@testable import Graph

/// Regions that are no list of four corners each.
@Suite struct HostileRegionTests {
    @Test(arguments: [[], [4], [1, 3], [1, 1, 4]] as [[Int]])
    func `regions of another shape are refused`(sizes: [Int]) throws {
        var draft = PatternDraft(seed: 7)
        let pictures = draft.input([1, 3, 20, 20])
        let regions = draft.input(Shape(sizes))
        let images = draft.integers([0])
        let attributes: [String: Attribute] = [
            "sampling_ratio": .int(2), "output_height": .int(9), "output_width": .int(9),
        ]
        draft.finish(draft.add("RoiAlign", [pictures, regions, images], attributes))
        let program = try draft.imported()
        #expect(throws: ModelError.self) {
            try program.run(draft.inputs, outputs: draft.graph.outputs) { false }
        }
    }
}
