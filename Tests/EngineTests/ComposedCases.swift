@testable import Engine
@testable import Graph

/// Operators that plans put in terms of others, move in pieces, or compute window by window.
extension PlannedOperatorTests {
    static let composed: [Case] = [
        Case(op: "LRN", shape: [2, 7, 5, 6], attributes: ["size": .int(5)]),
        Case(
            op: "LRN",
            shape: [1, 3, 40],
            attributes: [
                "size": .int(2), "alpha": .float(0.5), "beta": .float(0.6), "bias": .float(2),
            ]
        ),
        Case(op: "LRN", shape: [3, 4], attributes: ["size": .int(9), "alpha": .float(3)]),
        Case(op: "LpNormalization", shape: [5, 30]),
        Case(
            op: "LpNormalization",
            shape: [2, 9, 7],
            attributes: ["axis": .int(1), "p": .int(1)]
        ),
        Case(op: "MeanVarianceNormalization", shape: [2, 5, 9, 7]),
        Case(
            op: "MeanVarianceNormalization",
            shape: [2, 5, 40],
            attributes: ["axes": .ints([-1])]
        ),
        Case(op: "Hardmax", shape: [4, 50]),
        Case(op: "Hardmax", shape: [2, 6, 33], attributes: ["axis": .int(1)]),
        Case(op: "Hardmax", shape: [2, 6, 5], opset: 11),
        Case(op: "DepthToSpace", shape: [2, 12, 5, 21], attributes: ["blocksize": .int(2)]),
        Case(
            op: "DepthToSpace",
            shape: [1, 18, 4, 9],
            attributes: ["blocksize": .int(3), "mode": .string("CRD")]
        ),
        Case(op: "SpaceToDepth", shape: [2, 3, 6, 40], attributes: ["blocksize": .int(2)]),
        pad("reflect", [2, 3, 9, 30], by: [0, 0, 2, 3, 0, 0, 1, 2]),
        pad("edge", [2, 3, 9, 30], by: [0, 1, 2, 3, 0, 1, 1, 20]),
        pad("wrap", [3, 20, 9], by: [0, 2, 3, 1, 0, 4]),
        pad("reflect", [4, 3], by: [9, 0, 7, 5]),
        pad("edge", [1, 1, 12], by: [2, 1, -3, 2, 0, 1]),
        transposed([2, 5, 3, 4, 5], [5, 4, 2, 2, 2], ["strides": .ints([2, 2, 2])]),
        transposed([1, 18, 2, 3, 4], [18, 3, 1, 3, 2], ["strides": .ints([1, 3, 2])]),
        transposed(
            [1, 6, 3, 4, 5],
            [6, 2, 3, 3, 3],
            [
                "strides": .ints([2, 1, 2]), "pads": .ints([1, 1, 0, 1, 1, 1]),
                "output_padding": .ints([1, 0, 0]), "group": .int(2),
            ]
        ),
        Case(op: "DFT", shape: [3, 24, 1], attributes: ["onesided": .int(1)]),
        Case(op: "DFT", shape: [2, 2, 15, 2]),
        Case(op: "DFT", shape: [2, 16, 2], attributes: ["inverse": .int(1)]),
        Case(op: "DFT", shape: [2, 9, 1], attributes: ["axis": .int(1)], opset: 17),
        Case(
            op: "MaxPool",
            shape: [2, 3, 8, 9],
            attributes: ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])],
            outputs: 2
        ),
        Case(
            op: "MaxPool",
            shape: [1, 2, 9, 8, 7],
            attributes: [
                "kernel_shape": .ints([3, 2, 3]), "strides": .ints([2, 1, 2]),
                "pads": .ints([1, 1, 0, 0, 0, 2]), "dilations": .ints([2, 1, 2]),
                "ceil_mode": .int(1),
            ],
            outputs: 2
        ),
        Case(
            op: "MaxPool",
            shape: [2, 3, 40],
            attributes: ["kernel_shape": .ints([5]), "pads": .ints([2, 2])],
            outputs: 2
        ),
    ]

    private static func pad(_ mode: String, _ shape: Shape, by pads: [Int]) -> Case {
        Case(op: "Pad", shape: shape, attributes: ["mode": .string(mode)], integers: [pads])
    }

    private static func transposed(
        _ shape: Shape,
        _ weights: Shape,
        _ attributes: [String: Attribute]
    ) -> Case {
        guard case .int(let groups) = attributes["group"] ?? .int(1) else {
            return Case(op: "", shape: [])
        }
        return Case(
            op: "ConvTranspose",
            shape: shape,
            attributes: attributes,
            weights: [weights, [groups * weights[1]]]
        )
    }
}
