@testable import Engine
@testable import Graph

/// Kernels that reach far beyond a picture, pictures of few channels, and regions of pictures.
extension PlannedOperatorTests {
    static let edges: [Case] = [
        convolved([2, 20, 8, 20], [17, 20, 3, 3], dilation: [12, 12], pads: [12, 12, 12, 12]),
        convolved([1, 18, 5, 9], [20, 18, 3, 3], dilation: [7, 4], pads: [7, 4, 7, 4]),
        convolved([1, 18, 9, 6], [3, 18, 4, 3], dilation: [5, 6], pads: [14, 3, 3, 12]),
        convolved(
            [2, 16, 7, 11],
            [16, 16, 3, 3],
            dilation: [6, 9],
            pads: [6, 8, 6, 9],
            strides: [2, 3]
        ),
        convolved(
            [1, 24, 6, 20],
            [24, 1, 3, 3],
            dilation: [8, 3],
            pads: [8, 3, 8, 3],
            groups: 24
        ),
        convolved([2, 70, 40], [9, 70, 5], dilation: [24], pads: [48, 48]),
        convolved([1, 1, 30, 40], [1, 1, 1, 11]),
        convolved([2, 3, 20, 31], [3, 1, 5, 5], pads: [2, 2, 2, 2], groups: 3),
        convolved([2, 2, 18, 33], [4, 2, 3, 3], dilation: [2, 3], pads: [1, 0, 2, 3]),
        convolved([1, 5, 9, 40], [5, 1, 3, 1], pads: [1, 0, 1, 0], strides: [2, 1], groups: 5),
        convolved([2, 1, 50], [2, 1, 7], pads: [3, 3]),
        convolved([1, 6, 12, 20], [9, 2, 3, 3], pads: [1, 1, 1, 1], groups: 3),
        regions(
            [2, 20, 9, 11],
            count: 5,
            ["sampling_ratio": .int(2), "spatial_scale": .float(9)]
        ),
        regions(
            [1, 5, 12, 7],
            count: 3,
            [
                "sampling_ratio": .int(3), "spatial_scale": .float(14),
                "coordinate_transformation_mode": .string("output_half_pixel"),
            ]
        ),
    ]

    private static func convolved(
        _ shape: Shape,
        _ weights: Shape,
        dilation: [Int]? = nil,
        pads: [Int]? = nil,
        strides: [Int]? = nil,
        groups: Int = 1
    ) -> Case {
        var attributes: [String: Attribute] = ["group": .int(groups)]
        attributes["dilations"] = dilation.map { .ints($0) }
        attributes["pads"] = pads.map { .ints($0) }
        attributes["strides"] = strides.map { .ints($0) }
        return Case(
            op: "Conv",
            shape: shape,
            attributes: attributes,
            weights: [weights, [weights[0]]]
        )
    }

    private static func regions(
        _ shape: Shape,
        count: Int,
        _ attributes: [String: Attribute]
    ) -> Case {
        var all = attributes
        all["output_height"] = .int(3)
        all["output_width"] = .int(2)
        return Case(
            op: "RoiAlign",
            shape: shape,
            attributes: all,
            weights: [[count, 4]],
            integers: [(0..<count).map { $0 % shape[0] }]
        )
    }
}
