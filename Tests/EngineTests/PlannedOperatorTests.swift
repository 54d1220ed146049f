import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Operators that plans compute in float32 beside the same ones computed one by one in 64 bits.
@Suite struct PlannedOperatorTests {
    /// One node over x and constants.
    struct Case: CustomTestStringConvertible {
        let op: String
        let shape: Shape
        var attributes: [String: Attribute] = [:]
        /// Inputs after x; an empty shape is an absent one.
        var weights: [Shape] = []
        var integers: [[Int]] = []
        /// Inputs between x and `integers`, as Resize has them.
        var absent = 0
        var scales: [Float] = []
        var opset = Node.newestOpset
        var outputs = 1

        var testDescription: String { "\(op) of \(shape), \(attributes) \(weights) \(integers)" }
    }

    private static let normalizations: [Case] = [
        Case(op: "LayerNormalization", shape: [3, 5, 17], weights: [[17], [17]]),
        Case(op: "LayerNormalization", shape: [2, 40], weights: [[40]]),
        Case(
            op: "LayerNormalization",
            shape: [4, 3, 8],
            attributes: ["axis": .int(1), "epsilon": .float(0.1)],
            weights: [[3, 8], [3, 8]]
        ),
        Case(op: "LayerNormalization", shape: [300, 128], weights: [[1, 128], [128]]),
        Case(op: "RMSNormalization", shape: [2, 3, 21], weights: [[21]]),
    ]

    private static func resize(
        _ mode: String,
        _ shape: Shape,
        to sizes: [Int],
        _ coordinates: String = "half_pixel",
        excludes: Int = 0,
        antialiases: Int = 0
    ) -> Case {
        Case(
            op: "Resize",
            shape: shape,
            attributes: [
                "mode": .string(mode), "coordinate_transformation_mode": .string(coordinates),
                "exclude_outside": .int(excludes), "antialias": .int(antialiases),
            ],
            integers: [sizes],
            absent: 2
        )
    }

    private static let resizes: [Case] = [
        resize("linear", [1, 3, 5, 7], to: [1, 3, 10, 14]),
        resize("linear", [2, 2, 9, 8], to: [2, 2, 4, 3], "align_corners"),
        resize("linear", [1, 1, 6, 6], to: [1, 1, 13, 5], "asymmetric"),
        resize("linear", [1, 2, 8, 8], to: [1, 2, 3, 3], antialiases: 1),
        resize("cubic", [1, 2, 6, 5], to: [1, 2, 11, 9]),
        resize("cubic", [1, 2, 6, 5], to: [1, 2, 9, 4], "pytorch_half_pixel", excludes: 1),
        resize("linear", [3, 4], to: [5, 9]),
        resize("nearest", [1, 2, 5, 7], to: [1, 2, 10, 14], "asymmetric"),
        resize("nearest", [1, 2, 9, 6], to: [1, 2, 4, 13]),
        resize("linear", [1, 3, 40, 50], to: [1, 3, 20, 110]),
        Case(
            op: "Pad",
            shape: [2, 3, 9, 40],
            attributes: ["mode": .string("reflect")],
            integers: [[0, 0, 3, 2, 0, 0, 4, 5]]
        ),
        Case(
            op: "Pad",
            shape: [4, 7],
            attributes: ["mode": .string("edge")],
            integers: [[1, 3, 0, 2]]
        ),
        Case(
            op: "Upsample",
            shape: [1, 2, 4, 4],
            attributes: ["mode": .string("linear")],
            scales: [1, 1, 2, 3],
            opset: 9
        ),
    ]

    private static func transposed(
        _ shape: Shape,
        _ kernel: Shape,
        _ attributes: [String: Attribute] = [:],
        bias: Int? = nil
    ) -> Case {
        Case(
            op: "ConvTranspose",
            shape: shape,
            attributes: attributes,
            weights: [kernel] + (bias.map { [[$0]] } ?? [])
        )
    }

    private static let convolutions: [Case] = [
        transposed([1, 3, 5, 6], [3, 4, 3, 3]),
        transposed(
            [2, 20, 7, 5],
            [20, 18, 4, 4],
            ["strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1])],
            bias: 18
        ),
        transposed(
            [1, 4, 5, 5],
            [4, 2, 3, 3],
            ["strides": .ints([2, 3]), "output_padding": .ints([1, 2]), "group": .int(2)],
            bias: 4
        ),
        transposed([1, 3, 6, 6], [3, 2, 2, 3], ["dilations": .ints([2, 2])]),
        transposed(
            [1, 6, 9],
            [6, 5, 4],
            ["strides": .ints([2]), "pads": .ints([1, 2])],
            bias: 5
        ),
        transposed([1, 5, 4, 4], [5, 3, 2, 2], ["strides": .ints([2, 2])], bias: 3),
        transposed([2, 17, 1, 1], [17, 9, 4, 3], bias: 9),
        transposed([1, 7, 1, 5], [7, 4, 3, 3], ["pads": .ints([1, 1, 1, 1])]),
        transposed(
            [1, 8, 6, 4],
            [8, 3, 3, 5],
            [
                "strides": .ints([2, 3]), "pads": .ints([1, 2, 0, 1]),
                "output_padding": .ints([1, 0]),
            ],
            bias: 3
        ),
        // Its last outputs lie beyond all windows.
        transposed(
            [1, 3, 4, 4],
            [3, 2, 2, 2],
            ["strides": .ints([2, 2]), "output_padding": .ints([1, 1])],
            bias: 2
        ),
        // Longer and shorter kernels apart, and together where outputs are few.
        transposed(
            [1, 20, 7, 6],
            [20, 33, 3, 3],
            [
                "strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1]),
                "output_padding": .ints([1, 1]),
            ],
            bias: 33
        ),
        transposed([2, 6, 5, 9], [6, 40, 5, 4], ["strides": .ints([3, 2])]),
        // Sizes that are asked for.
        transposed(
            [1, 3, 5, 4],
            [3, 4, 3, 3],
            ["strides": .ints([2, 2]), "auto_pad": .string("SAME_UPPER")]
        ),
        transposed(
            [1, 3, 5, 4],
            [3, 4, 2, 5],
            ["strides": .ints([3, 2]), "auto_pad": .string("SAME_LOWER")]
        ),
        transposed(
            [1, 2, 4, 4],
            [2, 3, 3, 3],
            ["strides": .ints([3, 2]), "output_shape": .ints([10, 8])]
        ),
        transposed(
            [1, 2, 4, 4],
            [2, 3, 2, 2],
            ["strides": .ints([2, 2]), "output_shape": .ints([9, 10])]
        ),
        transposed(
            [1, 16, 11],
            [16, 48, 7],
            ["strides": .ints([4]), "pads": .ints([2, 3])],
            bias: 48
        ),
        // Kernels that are shorter than their steps.
        transposed([1, 4, 5], [4, 3, 2], ["strides": .ints([3])]),
        transposed([1, 40, 30], [40, 1, 16], ["strides": .ints([8])], bias: 1),
    ]

    /// Groups that fill no block of channels by themselves.
    private static let groups: [Case] = [
        (32, 4, 4), (8, 8, 8), (4, 24, 8), (16, 1, 2), (6, 8, 16), (5, 3, 7), (32, 2, 1),
    ].map { groups, inputs, outputs in
        Case(
            op: "Conv",
            shape: [2, groups * inputs, 9, 10],
            attributes: ["group": .int(groups), "pads": .ints([1, 1, 1, 1])],
            weights: [[groups * outputs, inputs, 3, 3], [groups * outputs]]
        )
    }

    private static func volumes(
        _ op: String,
        _ shape: Shape,
        kernel: [Int],
        _ attributes: [String: Attribute] = [:],
        weights: [Shape] = []
    ) -> Case {
        var all = attributes
        all["kernel_shape"] = .ints(kernel)
        return Case(op: op, shape: shape, attributes: all, weights: weights)
    }

    private static let volumes: [Case] = [
        volumes(
            "Conv",
            [2, 3, 5, 6, 7],
            kernel: [3, 3, 3],
            ["pads": .ints([1, 1, 1, 1, 1, 1])],
            weights: [[18, 3, 3, 3, 3], [18]]
        ),
        volumes(
            "Conv",
            [1, 32, 7, 6, 5],
            kernel: [3, 2, 1],
            [
                "strides": .ints([2, 1, 2]), "dilations": .ints([2, 1, 1]),
                "pads": .ints([2, 0, 1, 0, 1, 0]), "group": .int(2),
            ],
            weights: [[20, 16, 3, 2, 1]]
        ),
        volumes(
            "Conv",
            [1, 4, 4, 4, 4],
            kernel: [4, 3, 3],
            ["auto_pad": .string("SAME_UPPER"), "strides": .ints([1, 2, 2])],
            weights: [[5, 4, 4, 3, 3], [5]]
        ),
        volumes("Conv", [1, 6, 3, 5, 5], kernel: [3, 1, 1], weights: [[4, 6, 3, 1, 1]]),
        volumes("MaxPool", [2, 3, 4, 6, 6], kernel: [2, 2, 2], ["strides": .ints([2, 2, 2])]),
        volumes(
            "MaxPool",
            [1, 20, 5, 7, 6],
            kernel: [3, 2, 3],
            [
                "strides": .ints([2, 2, 2]), "pads": .ints([1, 0, 1, 1, 1, 1]),
                "ceil_mode": .int(1),
            ]
        ),
        volumes(
            "AveragePool",
            [1, 5, 6, 5, 7],
            kernel: [3, 3, 2],
            ["pads": .ints([1, 1, 0, 1, 1, 1]), "strides": .ints([2, 1, 2])]
        ),
        volumes(
            "AveragePool",
            [1, 5, 6, 5, 7],
            kernel: [2, 3, 2],
            [
                "pads": .ints([1, 1, 1, 1, 1, 1]), "count_include_pad": .int(1),
                "ceil_mode": .int(1), "strides": .ints([2, 2, 2]),
            ]
        ),
        volumes("LpPool", [1, 2, 4, 4, 4], kernel: [2, 2, 2], ["p": .int(3)]),
        // Windows larger than what there is.
        volumes(
            "AveragePool",
            [2, 20, 7, 6],
            kernel: [1280, 1280],
            ["strides": .ints([1280, 1280]), "ceil_mode": .int(1)]
        ),
        volumes(
            "MaxPool",
            [1, 5, 3, 4],
            kernel: [4, 7],
            ["strides": .ints([2, 3]), "pads": .ints([0, 1, 0, 0]), "ceil_mode": .int(1)]
        ),
        volumes(
            "AveragePool",
            [1, 3, 2, 3, 4],
            kernel: [5, 4, 6],
            [
                "strides": .ints([5, 4, 6]), "count_include_pad": .int(1), "ceil_mode": .int(1),
                "pads": .ints([1, 0, 0, 0, 0, 0]),
            ]
        ),
        Case(op: "GlobalAveragePool", shape: [2, 18, 3, 4, 5]),
        Case(op: "GlobalMaxPool", shape: [1, 5, 2, 3, 3]),
    ]

    /// Indices compared with 0 … 5, as some exporters write one-hot vectors; 9 and −1 are none of them.
    @Test(arguments: [[2, 4], [1, 3, 1]] as [[Int]], [true, false])
    func `indices compared with numbers are one-hot vectors of a plan`(
        sizes: [Int],
        expands: Bool
    ) throws {
        let count = sizes.reduce(1, *)
        let shape = sizes.filter { $0 > 1 } + [1]
        var graph = Graph()
        func add(_ op: String, _ inputs: [String], _ output: String) {
            var node = Node(name: output, op: op, inputs: inputs, outputs: [output])
            if op == "Cast" { node.attributes["to"] = .int(1) }
            graph.nodes.append(node)
        }
        graph.constants = [
            "shape": Tensor(shape: [shape.count], integers: shape),
            "wide": Tensor(shape: [shape.count], integers: shape.dropLast() + [6]),
            "numbers": Tensor(shape: [6], elements: .int32([0, 1, 2, 3, 4, 5])),
        ]
        add("Reshape", ["x", "shape"], "column")
        if expands { add("Expand", ["column", "wide"], "wider") }
        add("Equal", [expands ? "wider" : "column", "numbers"], "same")
        add("Cast", ["same"], "y")
        graph.inputs = [Graph.Input(name: "x", type: .int32, dimensions: sizes.map { $0 })]
        graph.outputs = ["y"]
        let indices = [3, 0, 9, 5, -1, 2, 2, 1].prefix(count).map { Int32($0) }
        let x = Tensor(shape: Shape(sizes), elements: .int32(indices))
        let program = try Program(graph, tools: Self.tools)
        #expect(program.wholePlan(like: ["x": x], outputs: ["y"]) != nil, "it is not planned")
        let result = try program.run(["x": x], outputs: ["y"], isCancelled: { false })[0]
        #expect(result.shape.dimensions == shape.dropLast() + [6])
        #expect(result.floats == indices.flatMap { index in (0..<6).map { $0 == index ? 1 : 0 } })
    }

    /// For one graph: packed weights are known by the names of its constants.
    private static var tools: ProgramTools {
        ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 2),
            memoryLimit: 1 << 28
        )
    }

    /// Images of one column, which are computed as rows.
    private static let columns: [Case] = [
        Case(op: "Conv", shape: [2, 20, 30, 1], weights: [[18, 20, 5, 1], [18]]),
        Case(
            op: "Conv",
            shape: [1, 6, 21, 1],
            attributes: [
                "pads": .ints([2, 0, 1, 0]), "strides": .ints([2, 1]), "dilations": .ints([2, 1]),
                "group": .int(3),
            ],
            weights: [[6, 2, 3, 1]]
        ),
        Case(
            op: "Conv",
            shape: [1, 3, 9, 1],
            attributes: ["pads": .ints([1, 1, 1, 0])],
            weights: [[4, 3, 3, 1]]
        ),
    ]

    /// Vectors times constant matrices.
    private static let vectors: [Case] = [
        Case(op: "MatMul", shape: [7], weights: [[7, 40]]),
        Case(op: "MatMul", shape: [32], weights: [[32, 16]]),
        Case(op: "MatMul", shape: [1], weights: [[1, 1]]),
    ]

    private static let cases: [Case] = {
        let parts: [[Case]] = [
            normalizations, resizes, convolutions, groups, volumes, columns, vectors, composed,
            edges,
        ]
        return parts.flatMap { $0 }
    }()

    @Test(
        "a plan computes what one by one is computed in 64 bits",
        arguments: cases
    )
    func planned(testCase: Case) throws {
        var random = SeededGenerator(seed: UInt64(testCase.testDescription.utf8.count))
        var node = Node(name: "node", op: testCase.op, opset: testCase.opset)
        (node.attributes, node.inputs, node.outputs) = (testCase.attributes, ["x"], ["y"])
        node.outputs += (1..<testCase.outputs).map { "y\($0)" }
        node.inputs += Array(repeating: "", count: testCase.absent)
        var graph = Graph()
        func add(_ tensor: Tensor) {
            node.inputs.append("c\(node.inputs.count)")
            graph.constants[node.inputs[node.inputs.count - 1]] = tensor
        }
        for shape in testCase.weights {
            add(Tensor(shape: shape, floats: random.floats(shape.count)))
        }
        for values in testCase.integers {
            add(Tensor(shape: [values.count], integers: values))
        }
        if !testCase.scales.isEmpty {
            add(Tensor(shape: [testCase.scales.count], floats: testCase.scales))
        }
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: testCase.shape.dimensions.map { $0 })
        ]
        (graph.nodes, graph.outputs) = ([node], node.outputs)
        let x = Tensor(shape: testCase.shape, floats: random.floats(testCase.shape.count))
        let operands = Operands(
            node: node,
            tensors: [x] + node.inputs.dropFirst().map { graph.constants[$0] },
            context: .folding(memoryLimit: 1 << 24)
        )
        let references = try Operators.make(node).evaluate(operands)
        let program = try Program(graph, tools: Self.tools)
        let outputs = node.outputs
        #expect(program.wholePlan(like: ["x": x], outputs: outputs) != nil, "it is not planned")
        let results = try program.run(["x": x], outputs: outputs, isCancelled: { false })
        for (result, reference) in zip(results, references) {
            #expect(result.shape == reference.shape)
            guard let numbers = result.floats else {
                #expect(result.elements == reference.elements)
                continue
            }
            expectClose(
                numbers,
                try #require(reference.floats).map { Double($0) },
                .close,
                scale: 1,
                testCase.testDescription
            )
        }
    }
}
