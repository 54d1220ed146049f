import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Groups of nodes as exporters write them: what they are rewritten to, and that they mean the same.
@Suite struct PatternTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let ops: [String]
        let write: @Sendable (inout PatternDraft) -> Void
        let tolerance: Tolerance

        init(
            _ name: String,
            _ ops: [String],
            _ tolerance: Tolerance = .close,
            _ write: @escaping @Sendable (inout PatternDraft) -> Void
        ) {
            (testDescription, self.ops, self.write) = (name, ops, write)
            self.tolerance = tolerance
        }
    }

    private static let gelus: [Case] = [
        Case("GELU by erf, halved last", ["Gelu"]) { d in
            let x = d.input([3, 5, 17])
            let e = d.add("Erf", [d.add("Div", [x, d.number(2.0.squareRoot())])])
            let m = d.add("Mul", [x, d.add("Add", [e, d.number(1)])])
            d.finish(d.add("Mul", [m, d.number(0.5, rank: 3)]))
        },
        Case("GELU by erf, halved first", ["Gelu"]) { d in
            let x = d.input([40])
            let e = d.add("Erf", [d.add("Mul", [d.number(0.5.squareRoot()), x])])
            let half = d.add("Mul", [d.number(0.5), x])
            d.finish(d.add("Mul", [d.add("Add", [d.number(1), e]), half]))
        },
        Case("GELU by erf with numbers of 16 bits", ["Gelu"], .loose) { d in
            let x = d.input([40])
            let e = d.add("Erf", [d.add("Div", [x, d.number(1.4140625)])])
            let m = d.add("Mul", [x, d.add("Add", [e, d.number(1)])])
            d.finish(d.add("Div", [m, d.number(2)]))
        },
        Case("GELU by tanh of a cube", ["Gelu"]) { d in
            let x = d.input([2, 33])
            let cube = d.add("Mul", [d.add("Pow", [x, d.number(3)]), d.number(0.044715)])
            let u = d.add(
                "Mul",
                [d.add("Add", [x, cube]), d.number((2 / Double.pi).squareRoot())]
            )
            let t = d.add("Add", [d.number(1), d.add("Tanh", [u])])
            d.finish(d.add("Mul", [d.add("Mul", [x, d.number(0.5)]), t]))
        },
        Case("GELU by tanh, the cube multiplied out", ["Gelu"]) { d in
            let x = d.input([2, 33])
            let square = d.add("Mul", [d.add("Mul", [x, x]), d.number(0.044715)])
            let bend = d.add("Mul", [x, d.add("Add", [square, d.number(1)])])
            let t = d.add("Tanh", [d.add("Mul", [bend, d.number(0.7978845608)])])
            let half = d.add("Mul", [d.add("Add", [t, d.number(1)]), d.number(0.5)])
            d.finish(d.add("Mul", [x, half]))
        },
        Case("no GELU with another number", ["Div", "Erf", "Add", "Mul", "Mul"]) { d in
            let x = d.input([40])
            let e = d.add("Erf", [d.add("Div", [x, d.number(1.5)])])
            let m = d.add("Mul", [x, d.add("Add", [e, d.number(1)])])
            d.finish(d.add("Mul", [m, d.number(0.5)]))
        },
        Case("no GELU of two values", ["Mul", "Erf", "Add", "Mul", "Mul"]) { d in
            let (x, z) = (d.input([40]), d.input([40]))
            let e = d.add("Erf", [d.add("Mul", [x, d.number(0.5.squareRoot())])])
            let m = d.add("Mul", [z, d.add("Add", [e, d.number(1)])])
            d.finish(d.add("Mul", [m, d.number(0.5)]))
        },
        Case("no GELU where a value between is asked for", ["Mul", "Erf", "Add", "Mul", "Mul"]) {
            d in
            let x = d.input([40])
            let e = d.add("Erf", [d.add("Mul", [x, d.number(0.5.squareRoot())])])
            let m = d.add("Mul", [x, d.add("Add", [e, d.number(1)])])
            d.finish(d.add("Mul", [m, d.number(0.5)]), e)
        },
    ]

    private static let gates: [Case] = [
        Case("SiLU", ["Swish"]) { d in
            let x = d.input([4, 9])
            d.finish(d.add("Mul", [d.add("Sigmoid", [x]), x]))
        },
        Case("QuickGelu", ["Swish"]) { d in
            let x = d.input([4, 9])
            let s = d.add("Sigmoid", [d.add("Mul", [x, d.number(1.702)])])
            d.finish(d.add("Mul", [x, s]))
        },
        Case("SiLU as a quotient", ["Swish"]) { d in
            let x = d.input([4, 9])
            let e = d.add("Exp", [d.add("Neg", [x])])
            d.finish(d.add("Div", [x, d.add("Add", [d.number(1), e])]))
        },
        Case("the logistic function as a quotient", ["Sigmoid"]) { d in
            let x = d.input([4, 9])
            let e = d.add("Exp", [d.add("Neg", [x])])
            d.finish(d.add("Div", [d.number(1), d.add("Add", [e, d.number(1)])]))
        },
        Case("Mish", ["Mish"]) { d in
            let x = d.input([4, 9])
            d.finish(d.add("Mul", [x, d.add("Tanh", [d.add("Softplus", [x])])]))
        },
        Case("Mish with a logarithm", ["Mish"]) { d in
            let x = d.input([4, 9])
            let sum = d.add("Add", [d.add("Exp", [x]), d.number(1)])
            d.finish(d.add("Mul", [x, d.add("Tanh", [d.add("Log", [sum])])]))
        },
        Case("hard swish, divided last", ["HardSwish"]) { d in
            let x = d.input([2, 3, 4, 5], scale: 6)
            let sum = d.add("Add", [x, d.number(3)])
            let bounded = d.add("Clip", [sum, d.number(0), d.number(6)])
            d.finish(d.add("Div", [d.add("Mul", [x, bounded]), d.number(6)]))
        },
        Case("hard swish, multiplied first", ["HardSwish"]) { d in
            let x = d.input([2, 3, 4, 5], scale: 6)
            let sum = d.add("Add", [d.number(3), x])
            let bounded = d.add("Clip", [sum, d.number(0), d.number(6)])
            d.finish(d.add("Mul", [x, d.add("Mul", [bounded, d.number(1 / 6.0)])]))
        },
        Case("hard swish of HardSigmoid", ["HardSwish"]) { d in
            let x = d.input([30], scale: 6)
            let gate = d.add(
                "HardSigmoid",
                [x],
                ["alpha": .float(1 / 6.0), "beta": .float(0.5)]
            )
            d.finish(d.add("Mul", [x, gate]))
        },
        Case("hard sigmoid by Relu and Min", ["HardSigmoid"]) { d in
            let x = d.input([30], scale: 6)
            let sum = d.add("Relu", [d.add("Add", [x, d.number(3)])])
            d.finish(d.add("Div", [d.add("Min", [sum, d.number(6)]), d.number(6)]))
        },
        Case("a gate of another value", ["Sigmoid", "Mul"]) { d in
            let (x, z) = (d.input([2, 8, 3, 3]), d.input([2, 8, 1, 1]))
            d.finish(d.add("Mul", [x, d.add("Sigmoid", [z])]))
        },
    ]

    private static func normalization(
        _ d: inout PatternDraft,
        axes: [Int],
        isCentred: Bool = true,
        twice: Bool = false
    ) -> String {
        let x = d.input([3, 4, 6, 5])
        let over = d.integers(axes)
        func differ(_ d: inout PatternDraft) -> String {
            isCentred ? d.add("Sub", [x, d.add("ReduceMean", [x, over])]) : x
        }
        let centred = differ(&d)
        let squares = d.add("Pow", [twice ? differ(&d) : centred, d.number(2)])
        let mean = d.add("ReduceMean", [squares, over])
        let root = d.add("Sqrt", [d.add("Add", [mean, d.number(1e-5)])])
        return isCentred
            ? d.add("Div", [centred, root])
            : d.add("Mul", [d.add("Reciprocal", [root]), centred])
    }

    private static let normalizations: [Case] = [
        Case("layer normalisation", ["LayerNormalization"]) { d in
            let y = normalization(&d, axes: [-1])
            let scaled = d.add("Mul", [y, d.weights([5], around: 1)])
            d.finish(d.add("Add", [d.weights([1, 5]), scaled]))
        },
        Case("layer normalisation over two axes", ["LayerNormalization"]) { d in
            let y = normalization(&d, axes: [2, 3])
            d.finish(d.add("Mul", [y, d.weights([6, 5])]))
        },
        Case("normalised pictures with factors for channels", ["LayerNormalization", "Mul"]) { d in
            let y = normalization(&d, axes: [-2, -1])
            d.finish(d.add("Mul", [y, d.weights([4, 1, 1])]))
        },
        Case("root mean squares", ["RMSNormalization"]) { d in
            let y = normalization(&d, axes: [3], isCentred: false)
            d.finish(d.add("Mul", [d.weights([5]), y]))
        },
        Case("means over axes that are not the last", Array(repeating: "", count: 7)) { d in
            d.finish(normalization(&d, axes: [1]))
        },
    ]

    @Test(
        "what exporters spell out is one node, and computes the same",
        arguments: gelus + gates + normalizations + layers + moves
    )
    func rewritten(testCase: Case) throws {
        var draft = PatternDraft(seed: UInt64(testCase.testDescription.utf8.count))
        testCase.write(&draft)
        let values = try draft.defined()
        let ops = try draft.rewritten(values)
        if testCase.ops.contains("") {
            #expect(ops.count == testCase.ops.count)
        } else {
            #expect(ops == testCase.ops)
        }
        try Self.expectSame(draft, values, testCase.testDescription, testCase.tolerance)
    }

    /// A plan gives what the definitions of the nodes give.
    static func expectSame(
        _ draft: PatternDraft,
        _ values: [String: Tensor],
        _ name: String,
        _ tolerance: Tolerance = .close
    ) throws {
        var bits: [[Float]] = []
        for workers in [1, 3] {
            let tools = ProgramTools(
                kernels: KernelSet.supported[KernelSet.supported.count - 1],
                workers: Workers(count: workers, minimumWork: 0),
                memoryLimit: 1 << 28
            )
            let program = try Program(draft.graph, tools: tools)
            let outputs = draft.graph.outputs
            #expect(program.wholePlan(like: draft.inputs, outputs: outputs) != nil, "\(name)")
            let results = try program.run(draft.inputs, outputs: outputs) { false }
            for (output, result) in zip(outputs, results) {
                let expected = try #require(values[output])
                #expect(result.shape == expected.shape)
                let floats = try #require(result.floats)
                expectClose(
                    floats,
                    try #require(expected.floats).map { Double($0) },
                    tolerance,
                    scale: 1,
                    name
                )
                bits.append(floats)
            }
        }
        expectSameBits(
            Array(bits.prefix(bits.count / 2).joined()),
            Array(bits.suffix(bits.count / 2).joined()),
            name
        )
    }
}

extension PatternTests {
    private static let layers: [Case] = [
        Case("factors and addends behind a convolution", ["Conv"]) { d in
            let x = d.input([2, 3, 7, 6])
            let y = d.add("Conv", [x, d.weights([5, 3, 3, 3])], ["pads": .ints([1, 1, 1, 1])])
            let scaled = d.add("Mul", [d.weights([5, 1, 1]), y])
            let shifted = d.add("Sub", [scaled, d.weights([1, 5, 1, 1])])
            d.finish(d.add("Relu", [d.add("Add", [shifted, d.number(0.1)])]))
        },
        Case("factors along another axis than the channels", ["Conv", "Mul"]) { d in
            let x = d.input([1, 3, 5, 5])
            let y = d.add("Conv", [x, d.weights([5, 3, 3, 3])], ["pads": .ints([1, 1, 1, 1])])
            d.finish(d.add("Mul", [y, d.weights([5])]))
        },
        Case("a normalised connected layer", ["MatMul"]) { d in
            let y = d.add("MatMul", [d.input([4, 6]), d.weights([6, 18])])
            let weights = (0..<3).map { _ in d.weights([18]) } + [d.weights([18], around: 2)]
            d.finish(d.add("BatchNormalization", [y] + weights))
        },
        Case("a normalised transposed convolution", ["ConvTranspose", "Relu"]) { d in
            let inputs = [d.input([2, 5, 4, 6]), d.weights([5, 7, 3, 4]), d.weights([7])]
            let y = d.add(
                "ConvTranspose",
                inputs,
                ["strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1])]
            )
            let weights = (0..<3).map { _ in d.weights([7]) } + [d.weights([7], around: 2)]
            d.finish(d.add("Relu", [d.add("BatchNormalization", [y] + weights)]))
        },
        Case("a connected layer that is scaled", ["Gemm"]) { d in
            let inputs = [d.input([4, 6]), d.weights([18, 6]), d.weights([18])]
            let y = d.add("Gemm", inputs, ["transB": .int(1)])
            d.finish(d.add("Tanh", [d.add("Div", [y, d.weights([18], around: 2)])]))
        },
    ]

    private static let moves: [Case] = [
        Case("axes there and back", ["Relu", "Reshape"]) { d in
            let x = d.input([2, 3, 4, 5])
            let there = d.add("Transpose", [x], ["perm": .ints([0, 2, 3, 1])])
            let changed = d.add("Relu", [there])
            d.finish(d.add("Transpose", [changed], ["perm": .ints([0, 3, 1, 2])]))
        },
        Case("two orders of axes as one", ["Transpose"]) { d in
            let x = d.input([2, 3, 4])
            let there = d.add("Transpose", [x], ["perm": .ints([1, 2, 0])])
            d.finish(d.add("Transpose", [there], ["perm": .ints([0, 2, 1])]))
        },
        Case(
            "convolutions between pictures with channels last",
            ["Transpose", "Conv", "Conv", "Transpose"]
        ) {
            d in
            var x = d.input([1, 5, 6, 16])
            for _ in 0..<2 {
                let first = d.add("Transpose", [x], ["perm": .ints([0, 3, 1, 2])])
                let y = d.add(
                    "Conv",
                    [first, d.weights([16, 16, 3, 3])],
                    ["pads": .ints([1, 1, 1, 1])]
                )
                x = d.add("Relu", [d.add("Transpose", [y], ["perm": .ints([0, 2, 3, 1])])])
            }
            d.finish(x)
        },
        Case("a sum of two values turned alike", ["Add", "Reshape"]) { d in
            let order: [String: Attribute] = ["perm": .ints([0, 2, 1])]
            let a = d.add("Transpose", [d.input([2, 3, 4])], order)
            let b = d.add("Transpose", [d.input([2, 3, 4])], order)
            d.finish(d.add("Transpose", [d.add("Add", [a, b])], order))
        },
        Case("shapes there and back", ["Relu"]) { d in
            let flat = d.add("Reshape", [d.input([2, 3, 4]), d.integers([6, 4])])
            let back = d.add("Reshape", [flat, d.integers([2, 3, 4])])
            d.finish(d.add("Relu", [back]))
        },
        Case(
            "a bias and a function behind a convolution whose axis is dropped",
            ["Conv", "Reshape"]
        ) {
            d in
            let y = d.add("Conv", [d.input([2, 3, 1, 9]), d.weights([20, 3, 1, 2])])
            let flat = d.add("Squeeze", [y, d.integers([2])])
            d.finish(d.add("Relu", [d.add("Add", [flat, d.weights([1, 20, 1])])]))
        },
        Case("a bias behind a convolution whose channels are turned last", ["Conv", "Transpose"]) {
            d in
            let y = d.add("Conv", [d.input([2, 3, 5, 6]), d.weights([20, 3, 3, 3])])
            let last = d.add("Transpose", [y], ["perm": .ints([0, 2, 3, 1])])
            d.finish(d.add("Relu", [d.add("Add", [d.weights([20]), last])]))
        },
        Case("constants that lie across a shape's new axes", ["Mul", "Add", "Reshape"]) { d in
            let flat = d.add("Reshape", [d.input([2, 1, 3, 4]), d.integers([2, 3, 1, 4])])
            let product = d.add("Mul", [flat, d.weights([3, 1, 4])])
            d.finish(d.add("Add", [product, d.weights([2, 1, 1, 1])]))
        },
        Case("constants that meet other axes", ["Reshape", "Mul"]) { d in
            let flat = d.add("Reshape", [d.input([2, 3, 4]), d.integers([6, 4])])
            d.finish(d.add("Mul", [flat, d.weights([6, 1])]))
        },
        Case("two constants, one of them wider than the value", ["Add", "Reshape", "Mul"]) { d in
            let flat = d.add("Reshape", [d.input([2, 3, 1]), d.integers([2, 3])])
            let sum = d.add("Add", [flat, d.weights([1])])
            d.finish(d.add("Mul", [sum, d.weights([4, 1, 3])]))
        },
        Case("a turned value that is asked for", ["Transpose", "Reshape", "Relu", "Transpose"]) {
            d in
            let x = d.input([2, 3, 4])
            let there = d.add("Transpose", [x], ["perm": .ints([1, 2, 0])])
            let back = d.add("Transpose", [there], ["perm": .ints([2, 0, 1])])
            d.finish(
                there,
                d.add("Transpose", [d.add("Relu", [there])], ["perm": .ints([0, 2, 1])]),
                back
            )
        },
    ]
}
