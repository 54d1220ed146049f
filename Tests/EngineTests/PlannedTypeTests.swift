import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Operators that plans compute on floats, integers and truth values, beside their definitions.
@Suite struct PlannedTypeTests {
    /// An input: its type, its shape, and between what its numbers lie.
    struct Input {
        let type: ElementType
        let shape: Shape
        var range: ClosedRange<Int> = -9...9
        /// Numbers of a constant.
        var constant: [Int]?

        init(_ type: ElementType, _ shape: Shape, _ range: ClosedRange<Int> = -9...9) {
            (self.type, self.shape, self.range) = (type, shape, range)
        }

        init(_ constant: [Int], _ type: ElementType = .int64, shape: Shape? = nil) {
            (self.type, self.constant) = (type, constant)
            self.shape = shape ?? [constant.count]
        }
    }

    struct Case: CustomTestStringConvertible {
        let op: String
        let inputs: [Input]
        var attributes: [String: Attribute] = [:]
        var outputs = 1
        var opset = Node.newestOpset

        init(
            _ op: String,
            _ inputs: [Input],
            _ attributes: [String: Attribute] = [:],
            outputs: Int = 1,
            opset: Int = Node.newestOpset
        ) {
            (self.op, self.inputs, self.attributes) = (op, inputs, attributes)
            (self.outputs, self.opset) = (outputs, opset)
        }

        var testDescription: String {
            let given = inputs.map { input in
                "\(input.type.rawValue) \(input.constant.map { "\($0)" } ?? "\(input.shape)")"
            }
            return "\(op) of \(given.joined(separator: ", ")), \(attributes)"
        }
    }

    private static let pairs: [(Shape, Shape)] = [
        ([2, 3, 17], [2, 3, 17]), ([5], []), ([4, 1, 5], [3, 1]), ([], [3, 4]),
        ([1, 70_000], [2, 1]), ([2, 1, 4, 1], [3, 1, 5]),
    ]

    private static let numbers: [ElementType] = [.float32, .int32, .int64]

    private static let comparisons: [Case] = pairs.flatMap { pair in
        ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"].flatMap { op in
            numbers.map { Case(op, [Input($0, pair.0, -3...3), Input($0, pair.1, -3...3)]) }
        }
            + ["And", "Or", "Xor", "Equal"].map { op in
                Case(op, [Input(.bool, pair.0, 0...1), Input(.bool, pair.1, 0...1)])
            }
    }

    private static let arithmetic: [Case] = pairs.flatMap { pair in
        [ElementType.int32, .int64].flatMap { type in
            ["Add", "Sub", "Mul", "Div", "Mod", "Max", "Min"].map { op in
                Case(op, [Input(type, pair.0), Input(type, pair.1)])
            } + [
                Case("Mod", [Input(type, pair.0), Input(type, pair.1)], ["fmod": .int(1)])
            ]
        }
    }

    private static let choices: [Case] = (numbers + [.bool]).flatMap { type in
        [
            ([2, 3, 4], [2, 3, 4], [2, 3, 4]), ([3, 1], [2, 1, 4], [1]), ([], [5], [3, 1]),
            ([2, 90_000], [], []), ([7], [7], []), ([1, 4], [3, 1], [3, 4]),
        ].map { (c: Shape, x: Shape, y: Shape) in
            let range = type == .bool ? 0...1 : -9...9
            return Case(
                "Where",
                [Input(.bool, c, 0...1), Input(type, x, range), Input(type, y, range)]
            )
        }
    }

    private static let single: [Case] =
        ["Neg", "Abs", "Sign", "Relu"].flatMap { op in
            [Case(op, [Input(.int32, [3, 50])]), Case(op, [Input(.int64, [100_000])])]
        } + [
            Case("Not", [Input(.bool, [3, 50], 0...1)]), Case("IsNaN", [Input(.float32, [70])]),
            Case("IsInf", [Input(.float32, [70])]),
            Case("IsInf", [Input(.float32, [70])], ["detect_positive": .int(0)]),
            Case("Clip", [Input(.int64, [40]), Input(.int64, []), Input([3], shape: [])]),
            Case("Clip", [Input(.int32, [40]), Input([-2], .int32, shape: [])]),
            Case("Clip", [Input(.float32, [40]), Input(.float32, []), Input(.float32, [])]),
        ]

    private static let casts: [Case] = (numbers + [.bool]).flatMap { from in
        [1, 6, 7, 9].flatMap { to in
            [
                Case(
                    "Cast",
                    [Input(from, [3, 37], from == .bool ? 0...1 : -100_000...100_000)],
                    ["to": .int(to)]
                ),
                Case("Cast", [Input(from, [80_000], 0...1)], ["to": .int(to)]),
            ]
        }
    }

    private static let gathers: [Case] = (numbers + [.bool]).flatMap { type in
        let range = type == .bool ? 0...1 : -9...9
        func data(_ shape: Shape) -> Input { Input(type, shape, range) }
        return [
            Case("Gather", [data([5, 7]), Input(.int64, [2, 3], -5...4)]),
            Case("Gather", [data([5, 7, 3]), Input(.int32, [4], -7...6)], ["axis": .int(1)]),
            Case("Gather", [data([40]), Input(.int64, [], 0...39)]),
            Case("Gather", [data([4, 5]), Input([0, -1, 2, 2])], ["axis": .int(-1)]),
            Case(
                "Gather",
                [Input([5, 6, 7, 8], type, shape: [2, 2]), Input(.int64, [3], 0...1)]
            ),
            Case("GatherElements", [data([4, 5]), Input(.int64, [3, 5], -4...3)]),
            Case(
                "GatherElements",
                [data([4, 5, 6]), Input(.int32, [2, 5, 4], -5...4)],
                ["axis": .int(1)]
            ),
            Case("GatherElements", [data([9]), Input(.int64, [30], 0...8)]),
            Case("GatherND", [data([3, 3]), Input(.int64, [5, 2], -3...2)]),
            Case("GatherND", [data([4, 3, 5]), Input(.int64, [2, 2, 1], -4...3)]),
            Case(
                "GatherND",
                [data([2, 3, 3, 4]), Input(.int64, [2, 5, 2], -3...2)],
                ["batch_dims": .int(1)]
            ),
            Case(
                "ScatterElements",
                [data([4, 5]), Input(.int64, [3, 2], -4...3), data([3, 2])]
            ),
            Case(
                "ScatterElements",
                [data([4, 5]), Input([1, 1, 4, 0], shape: [2, 2]), data([2, 2])],
                ["axis": .int(1)]
            ),
            Case("ScatterND", [data([6, 3]), Input([4, 1, -2], shape: [3, 1]), data([3, 3])]),
            Case("Trilu", [data([2, 4, 5])]),
            Case("Trilu", [data([5, 3]), Input([-1], shape: [])], ["upper": .int(0)]),
            Case("Trilu", [data([3, 6]), Input([2], shape: [])]),
            Case("Transpose", [data([3, 4, 5])], ["perm": .ints([2, 0, 1])]),
            Case(
                "Slice",
                [data([6, 7]), Input([1, 5]), Input([5, 0]), Input([0, 1]), Input([2, -1])]
            ),
            Case("Concat", [data([2, 3]), data([2, 4])], ["axis": .int(1)]),
            Case("Expand", [data([3, 1]), Input([2, 3, 4])]),
            Case("Tile", [data([2, 3]), Input([2, 2])]),
            Case("Reshape", [data([2, 6]), Input([3, -1])]),
            Case("Unsqueeze", [data([2, 6]), Input([1])]),
            Case("Pad", [data([2, 3]), Input([1, 0, 0, 2])]),
            Case("OneHot", [Input(.int64, [3, 4], -7...7), Input([6], shape: []), data([2])]),
            Case(
                "OneHot",
                [Input(.float32, [5], -7...7), Input([6], shape: []), data([2])],
                ["axis": .int(0)]
            ),
        ]
    }

    private static let scatters: [Case] = numbers.flatMap { type in
        ["add", "mul", "max", "min"].flatMap { word in
            [
                Case(
                    "ScatterElements",
                    [Input(type, [4, 5]), Input(.int64, [4, 3], -4...3), Input(type, [4, 3])],
                    ["reduction": .string(word)]
                ),
                Case(
                    "ScatterND",
                    [Input(type, [4, 5]), Input(.int64, [6, 1], -4...3), Input(type, [6, 5])],
                    ["reduction": .string(word)]
                ),
            ]
        }
    }

    private static let orders: [Case] = numbers.flatMap { type in
        [
            Case("ArgMax", [Input(type, [3, 40])], ["axis": .int(1)]),
            Case("ArgMin", [Input(type, [6, 21])], ["axis": .int(0), "keepdims": .int(0)]),
            Case(
                "ArgMax",
                [Input(type, [2, 6, 5, 5])],
                ["axis": .int(1), "select_last_index": .int(1)]
            ),
            Case("TopK", [Input(type, [3, 40], -99...99), Input([5])], outputs: 2),
            Case(
                "TopK",
                [Input(type, [6, 5], -99...99), Input([6])],
                ["axis": .int(0), "largest": .int(0)],
                outputs: 2
            ),
            Case("CumSum", [Input(type, [3, 40]), Input([1], shape: [])]),
            Case(
                "CumSum",
                [Input(type, [6, 5]), Input([0], shape: [])],
                ["exclusive": .int(1), "reverse": .int(1)]
            ),
            Case("EyeLike", [Input(type, [4, 6])], ["k": .int(1)]),
            Case("Pad", [Input(type, [2, 3]), Input([1, 0, 0, 2]), Input([7], type, shape: [])]),
        ]
    }

    private static let reduced: [(Shape, [Int])] = [
        ([3, 40], [1]), ([3, 40], [0]), ([2, 7, 70], [1]), ([4, 3, 5, 6], [1, 3]),
        ([4, 3, 5, 6], [0, 2]), ([5, 1, 6], [1]), ([7, 130, 50], [0, 1, 2]), ([30, 4, 3], [1]),
        ([2, 16, 33, 20], [2, 3]), ([6, 900, 100], [1]),
    ]

    private static let reductions: [Case] =
        reduced.flatMap { shape, axes in
            [
                "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
                "ReduceSumSquare", "ReduceLogSumExp",
            ].map { op in
                Case(op, [Input(.float32, shape), Input(axes)], ["keepdims": .int(shape.rank % 2)])
            } + [
                Case("ReduceProd", [Input(.float32, shape, 1...1), Input(axes)]),
                Case("ReduceLogSum", [Input(.float32, shape, 1...9), Input(axes)]),
            ]
                + ["ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"].flatMap { op in
                    [ElementType.int32, .int64].map { Case(op, [Input($0, shape), Input(axes)]) }
                }
        } + [
            Case("ReduceMean", [Input(.float32, [2, 3, 4])], ["axes": .ints([-1])], opset: 13),
            Case("ReduceSum", [Input(.float32, [2, 3, 4])]),
            Case("ReduceMax", [Input(.bool, [2, 3, 4], 0...1), Input([1])]),
        ]

    private static let normalized: [Case] = [
        ([3, 40], 1), ([3, 40], 0), ([2, 7, 70], 1), ([2, 3, 4, 5], -2), ([3, 5, 1], 2),
        ([40, 1000], 0),
    ].flatMap { (shape: Shape, axis: Int) in
        ["Softmax", "LogSoftmax"].flatMap { op in
            [
                Case(op, [Input(.float32, shape)], ["axis": .int(axis)]),
                Case(op, [Input(.float32, shape)], ["axis": .int(axis)], opset: 11),
            ]
        }
    }

    @Test(
        "a plan computes on every type what the definition does",
        arguments: comparisons + arithmetic + choices + single + casts
    )
    func elementwise(testCase: Case) throws { try expectPlanned(testCase) }

    @Test(
        "a plan moves and selects elements of every type as the definition does",
        arguments: gathers + scatters + orders
    )
    func moved(testCase: Case) throws { try expectPlanned(testCase) }

    private static let sums: [Case] = [
        ("ij,jk->ik", [[4, 5], [5, 6]]), ("bij,bjk->bik", [[3, 4, 5], [3, 5, 6]]),
        ("bhid,bhjd->bhij", [[2, 3, 4, 5], [2, 3, 6, 5]]), ("ij->ji", [[4, 5]]),
        ("ij->", [[4, 5]]), ("ijk->j", [[3, 4, 5]]), ("i,j->ij", [[4], [5]]),
        ("...ij,...jk->...ik", [[2, 1, 4, 5], [3, 5, 6]]), ("ij,ij->i", [[4, 5], [4, 5]]),
        ("ij,jk,kl->il", [[3, 4], [4, 5], [5, 6]]), ("ij,jk", [[4, 5], [5, 6]]),
        ("bij,kj->bik", [[3, 4, 5], [6, 5]]), ("ij,k->j", [[4, 5], [3]]),
        ("ij,jk->ik", [[4, 1], [5, 6]]), ("ijk,jil->kl", [[3, 4, 5], [4, 3, 6]]),
    ].map { (equation: String, shapes: [Shape]) in
        Case("Einsum", shapes.map { Input(.float32, $0) }, ["equation": .string(equation)])
    }

    @Test(
        "a plan reduces along any axes as the definition does",
        arguments: reductions + normalized + sums
    )
    func reducedAlong(testCase: Case) throws { try expectPlanned(testCase) }

    private func expectPlanned(_ testCase: Case) throws {
        let seed = UInt64(
            testCase.testDescription.utf8.reduce(7) { ($0 &* 31) &+ Int($1) } & 0xFFFF
        )
        var random = SeededGenerator(seed: seed)
        var node = Node(name: "node", op: testCase.op, opset: testCase.opset)
        node.attributes = testCase.attributes
        node.outputs = (0..<testCase.outputs).map { "y\($0)" }
        var (given, graph): ([String: Tensor], Graph) = ([:], Graph())
        var tensors: [Tensor] = []
        for (index, input) in testCase.inputs.enumerated() {
            let tensor = Self.tensor(input, &random)
            node.inputs.append("x\(index)")
            tensors.append(tensor)
            if input.constant != nil {
                graph.constants["x\(index)"] = tensor
            } else {
                given["x\(index)"] = tensor
                graph.inputs.append(
                    Graph.Input(
                        name: "x\(index)",
                        type: input.type,
                        dimensions: input.shape.dimensions.map { $0 }
                    )
                )
            }
        }
        (graph.nodes, graph.outputs) = ([node], node.outputs)
        let operands = Operands(
            node: node,
            tensors: tensors,
            context: .folding(memoryLimit: 1 << 28)
        )
        let expected = try Operators.make(node).evaluate(operands)
        var first: [Tensor] = []
        for threads in [1, 2] {
            let results = try Self.run(graph, given, threads)
            if threads == 1 { first = results }
            #expect(results == first, "the bits depend on threads: \(testCase.testDescription)")
            for (result, reference) in zip(results, expected) {
                expectEqual(result, reference, "\(testCase.testDescription), seed \(seed)")
            }
        }
    }

    private static func run(
        _ graph: Graph,
        _ given: [String: Tensor],
        _ threads: Int
    ) throws -> [Tensor] {
        let tools = ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: threads),
            memoryLimit: 1 << 28
        )
        let program = try Program(graph, tools: tools)
        #expect(program.wholePlan(like: given, outputs: graph.outputs) != nil, "it is not planned")
        return try program.run(given, outputs: graph.outputs, isCancelled: { false })
    }

    private static func tensor(_ input: Input, _ random: inout SeededGenerator) -> Tensor {
        let numbers =
            input.constant
            ?? (0..<input.shape.count).map { _ in Int.random(in: input.range, using: &random) }
        if input.type == .float32 {
            // Some of them with a fraction, so that casts round.
            let floats = numbers.map { number in
                input.constant != nil || number % 3 == 0 || input.range.count < 4
                    ? Float(number) : Float(number) + 0.375
            }
            return Tensor(shape: input.shape, floats: floats)
        }
        let elements = Tensor.Elements(numbers, as: input.type) ?? .integers(numbers)
        return Tensor(shape: input.shape, elements: elements)
    }

    private func expectEqual(_ result: Tensor, _ reference: Tensor, _ comment: String) {
        #expect(result.shape == reference.shape, "\(comment)")
        #expect(result.type == reference.type, "\(comment)")
        if let floats = result.floats, let expected = reference.floats {
            expectClose(floats, expected.map { Double($0) }, .close, scale: 1, comment)
        } else {
            #expect(result.elements == reference.elements, "\(comment)")
        }
    }
}
