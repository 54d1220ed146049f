import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Images read at computed places, and channels normalised by their own statistics, beside the definitions.
@Suite struct PlannedSamplingTests {
    struct Case: CustomTestStringConvertible {
        let op: String
        let shapes: [Shape]
        var attributes: [String: Attribute] = [:]

        var testDescription: String { "\(op) of \(shapes), \(attributes)" }
    }

    private static let grids: [Case] =
        ["nearest", "linear", "cubic"].flatMap { mode in
            ["zeros", "border", "reflection"].flatMap { padding in
                [0, 1].flatMap { aligned in
                    [
                        ([2, 3, 5, 7], [2, 4, 6, 2]), ([1, 2, 1, 9], [1, 30, 40, 2]),
                        ([2, 1, 6], [2, 9, 1]), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 3]),
                    ].map { (image: Shape, grid: Shape) in
                        Case(
                            op: "GridSample",
                            shapes: [image, grid],
                            attributes: [
                                "mode": .string(mode), "padding_mode": .string(padding),
                                "align_corners": .int(aligned),
                            ]
                        )
                    }
                }
            }
        }

    private static let groups: [Case] = [
        Case(op: "InstanceNormalization", shapes: [[2, 3, 5, 7], [3], [3]]),
        Case(op: "InstanceNormalization", shapes: [[1, 20, 33], [20], [20]]),
        Case(op: "InstanceNormalization", shapes: [[2, 2, 130, 130], [2], [2]]),
        Case(
            op: "GroupNormalization",
            shapes: [[2, 6, 5, 4], [6], [6]],
            attributes: ["num_groups": .int(3), "epsilon": .float(0.01)]
        ),
        Case(
            op: "GroupNormalization",
            shapes: [[3, 8, 17], [8], [8]],
            attributes: ["num_groups": .int(1)]
        ),
    ]

    @Test("a plan samples and normalises as the definitions do", arguments: grids + groups)
    func planned(testCase: Case) throws {
        var random = SeededGenerator(seed: UInt64(testCase.testDescription.utf8.count))
        var node = Node(name: "node", op: testCase.op, attributes: testCase.attributes)
        (node.inputs, node.outputs) = (testCase.shapes.indices.map { "x\($0)" }, ["y"])
        let tensors = testCase.shapes.map { shape in
            Tensor(shape: shape, floats: random.floats(shape.count, in: -1.6...1.6))
        }
        try expectPlanned(node, tensors, testCase.testDescription)
    }

    @Test func `what lies outside is 0 whatever the image holds`() throws {
        var node = Node(name: "node", op: "GridSample")
        (node.inputs, node.outputs) = (["x0", "x1"], ["y"])
        let image = Tensor(shape: [1, 1, 2, 2], floats: [.infinity, .nan, 1, 2])
        let places: [Float] = [3, 3, -9, 0, .infinity, 0, 0.5, 2.5]
        let grid = Tensor(shape: [1, 1, 4, 2], floats: places)
        try expectPlanned(node, [image, grid], "places outside")
    }
}
