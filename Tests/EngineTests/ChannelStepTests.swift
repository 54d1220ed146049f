import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Activations with a scale for each channel, as NNCF quantises what depthwise convolutions read.
@Suite struct ChannelStepTests {
    struct Case: CustomTestStringConvertible {
        let type: ElementType
        /// What stands between the first convolution and its integers.
        let function: String
        var hasOneZero = true
        /// Outputs for each channel.
        var each = 1
        /// Whether what is divided is an answer too.
        var isAsked = false
        let ops: [String]

        var testDescription: String {
            "\(function.isEmpty ? "nothing" : function) in \(type.rawValue), one zero: \(hasOneZero), \(each) each, \(isAsked)"
        }
    }

    private static let layers = [
        "QuantizeLinear", "IntegerConv", "IntegerConv", "DequantizeLinear",
    ]

    private static let cases = [
        Case(type: .uint8, function: "Relu", ops: layers),
        Case(type: .int8, function: "Relu", ops: layers),
        Case(type: .uint8, function: "Clip", ops: layers),
        Case(type: .int8, function: "", ops: layers),
        Case(type: .uint8, function: "Relu", each: 2, ops: ["IntegerConv", "IntegerConv"]),
        Case(
            type: .uint8,
            function: "HardSwish",
            ops: ["IntegerConv", "HardSwish", "IntegerConv"]
        ),
        Case(type: .int8, function: "HardSwish", hasOneZero: false, ops: ["HardSwish", "Conv"]),
        Case(type: .uint8, function: "Relu", isAsked: true, ops: ["IntegerConv", "IntegerConv"]),
    ]

    @Test("a channel's scale is its kernels'", arguments: cases)
    func scales(testCase: Case) throws {
        let (type, channels) = (testCase.type, 19)
        var d = PatternDraft(seed: 11)
        let x = d.input([2, 5, 9, 8])
        func steps(_ scales: [Float], _ zeros: [Int]) -> [String] {
            let shape: Shape = scales.count == 1 ? [] : [scales.count]
            let numbers: Tensor.Elements =
                type == .int8 ? .int8(zeros.map { Int8($0) }) : .uint8(zeros.map { UInt8($0) })
            return [
                d.constant(Tensor(shape: shape, floats: scales)),
                d.constant(Tensor(shape: shape, elements: numbers)),
            ]
        }
        func requantised(_ value: String, _ steps: [String]) -> String {
            d.add("DequantizeLinear", [d.add("QuantizeLinear", [value] + steps)] + steps)
        }
        let middle = type == .int8 ? 3 : 120
        let first = requantised(x, steps([0.02], [middle]))
        let sums = d.add("Conv", [first, d.kernels([channels, 5, 1, 1]), d.weights([channels])])
        let bounds = testCase.function == "Clip" ? [d.number(0), d.number(6)] : []
        let isLinear = testCase.function.isEmpty
        let active = isLinear ? sums : d.add(testCase.function, [sums] + bounds)
        let lowest = isLinear ? 0 : type.integerRange.lowerBound
        let own = steps(
            (0..<channels).map { 0.002 + 0.001 * Float($0 % 7) },
            (0..<channels).map { lowest + (testCase.hasOneZero ? 0 : $0 % 5) }
        )
        let integers = requantised(active, own)
        let last = d.add(
            "Conv",
            [integers, d.kernels([channels * testCase.each, 1, 3, 3])],
            ["group": .int(channels), "pads": .ints([1, 1, 1, 1])]
        )
        let y = requantised(last, steps([0.01], [middle]))
        if testCase.isAsked { d.finish(y, active) } else { d.finish(y) }
        let expected = try d.defined()
        let program = try d.imported()
        #expect(program.wholePlan(like: d.inputs, outputs: d.graph.outputs) != nil)
        let results = try program.run(d.inputs, outputs: d.graph.outputs, isCancelled: { false })
        for (name, result) in zip(d.graph.outputs, results) {
            let reference = try #require(expected[name]?.floats)
            let floats = try #require(result.floats)
            // A sum that is rounded differently moves a quantum of what comes after it.
            let worst = zip(floats, reference).map { abs($0 - $1) }.max() ?? 0
            #expect(worst <= 0.0201, "\(name): \(worst)")
        }
        let known = KnownValues(
            shape: { expected[$0]?.shape },
            type: { name in
                name.hasSuffix("/integer") ? .float32 : expected[name]?.type
            }
        )
        let graph = try Rewrites.apply(
            to: program.graph,
            wanted: Set(d.graph.outputs),
            known: known
        )
        let made = graph.nodes.map(\.op).filter { testCase.ops.contains($0) }
        #expect(made == testCase.ops, "\(graph.nodes.map(\.op))")
    }
}

extension ChannelStepTests {
    @Test("other quotients stay", arguments: [[9, 1], [9, 1, 1], [1, 9, 1, 1]], [Float(1), -1])
    func others(shape: [Int], sign: Float) throws {
        var d = PatternDraft(seed: 2)
        let x = d.input([1, 5, 9, 8])
        let steps = [
            d.number(0.02), d.constant(Tensor(shape: [], elements: .uint8([120]))),
        ]
        let first = d.add("DequantizeLinear", [d.add("QuantizeLinear", [x] + steps)] + steps)
        let sums = d.add("Conv", [first, d.kernels([9, 5, 1, 1])])
        let divisors = d.constant(
            Tensor(shape: Shape(shape), floats: (0..<9).map { sign * (0.5 + 0.25 * Float($0)) })
        )
        let quotient = d.add("Div", [d.add("Relu", [sums]), divisors])
        let y = d.add("DequantizeLinear", [d.add("QuantizeLinear", [quotient] + steps)] + steps)
        d.finish(y)
        let expected = try #require(try d.defined()[y]?.floats)
        let program = try d.imported()
        let result = try program.run(d.inputs, outputs: [y], isCancelled: { false })[0]
        let worst = zip(try #require(result.floats), expected).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= 0.0201, "\(worst)")
    }
}

extension PatternDraft {
    /// Kernels of int8, a scale for each output, dequantised.
    fileprivate mutating func kernels(_ shape: Shape) -> String {
        let count = shape[0]
        let integers = (0..<shape.count).map { Int8(($0 * 37 + 11) % 251 - 125) }
        return add(
            "DequantizeLinear",
            [
                constant(Tensor(shape: shape, elements: .int8(integers))),
                constant(
                    Tensor(
                        shape: [count],
                        floats: (0..<count).map { 0.001 + 0.0005 * Float($0 % 3) }
                    )
                ),
                constant(
                    Tensor(shape: [count], elements: .int8(Array(repeating: 0, count: count)))
                ),
            ],
            ["axis": .int(0)]
        )
    }
}
