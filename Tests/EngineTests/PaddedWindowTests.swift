import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Zeros around a picture become the padding of the window that reads it, where that is the same.
@Suite struct PaddedWindowTests {
    struct Case: CustomTestStringConvertible {
        var pads = [0, 0, 1, 2, 0, 0, 0, 1]
        var mode = "constant"
        var value: Double? = 0
        let op: String
        var attributes: [String: Attribute] = [:]
        let isJoined: Bool
        var isAsked = false

        var testDescription: String {
            "\(op) \(attributes) behind \(mode) \(pads), \(value ?? 0), \(isAsked)"
        }
    }

    private static let window: [String: Attribute] = [
        "kernel_shape": .ints([3, 3]), "strides": .ints([2, 2]),
    ]

    private static let cases: [Case] = [
        Case(op: "Conv", isJoined: true),
        Case(value: nil, op: "Conv", attributes: ["pads": .ints([1, 0, 2, 1])], isJoined: true),
        Case(
            op: "Conv",
            attributes: ["group": .int(2), "strides": .ints([2, 1])],
            isJoined: true
        ),
        Case(value: 1, op: "Conv", isJoined: false),
        Case(mode: "edge", op: "Conv", isJoined: false),
        Case(pads: [0, 0, -1, 0, 0, 0, 1, 0], op: "Conv", isJoined: false),
        Case(pads: [0, 2, 1, 0, 0, 0, 1, 0], op: "Conv", isJoined: false),
        Case(op: "Conv", attributes: ["auto_pad": .string("SAME_UPPER")], isJoined: false),
        Case(op: "Conv", isJoined: false, isAsked: true),
        Case(op: "AveragePool", attributes: window, isJoined: true),
        Case(
            op: "AveragePool",
            attributes: window.merging(["pads": .ints([1, 1, 1, 1])]) { $1 },
            isJoined: false
        ),
        Case(
            op: "AveragePool",
            attributes: window.merging(["ceil_mode": .int(1)]) { $1 },
            isJoined: false
        ),
        Case(op: "MaxPool", attributes: window, isJoined: false),
    ]

    @Test("zeros are the window's own padding", arguments: cases)
    func padded(testCase: Case) throws {
        var d = PatternDraft(seed: 5)
        var inputs = [d.input([2, 4, 9, 8]), d.integers(testCase.pads)]
        if let value = testCase.value { inputs.append(d.number(value)) }
        let padded = d.add("Pad", inputs, ["mode": .string(testCase.mode)])
        let channels = testCase.pads[1] > 0 ? 6 : 4
        let groups = testCase.attributes["group"] == .int(2) ? 2 : 1
        let weights = testCase.op == "Conv" ? [d.weights([6, channels / groups, 3, 3])] : []
        let y = d.add(testCase.op, [padded] + weights, testCase.attributes)
        if testCase.isAsked { d.finish(y, padded) } else { d.finish(y) }
        let items = d.graph.nodes.enumerated().map { index, node in
            OnnxPatterns.Item(node: node, covers: [index], reads: node.inputs)
        }
        let joined = OnnxPatterns.joinPads(
            items,
            constants: d.graph.constants,
            wanted: Set(d.graph.outputs)
        )
        #expect(joined.map(\.node.op) == (testCase.isJoined ? [] : ["Pad"]) + [testCase.op])
        #expect(joined.flatMap(\.covers) == [0, 1])
        try PatternTests.expectSame(d, d.defined(), testCase.testDescription)
    }
}
